#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
cell kernel-6.12-arm64 dovecot-arm64 "uprobe_multi"
