#!/bin/bash
# SPDX-License-Identifier: MIT
# A database file with the verbs of a server: sqlite.sh init|stop DIR, sqlite.sh sql DIR < FILE
set -eu

case $1 in
init) mkdir -p "$2" && sqlite3 "$2/db" 'PRAGMA user_version=1' ;;
sql) sqlite3 -batch -separator $'\t' "$2/db" ;;
stop) ;;
*) echo "usage: $0 init|stop|sql DIR" >&2 && exit 64 ;;
esac
