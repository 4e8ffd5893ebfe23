#!/bin/sh
# SPDX-License-Identifier: MIT
# The plugin of Dovecot 2.3.19.1 and dovetap record the same.
exec "$(dirname "$0")/plugin.sh" 2.3
