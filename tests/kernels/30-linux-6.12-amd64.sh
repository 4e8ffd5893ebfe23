#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
cell kernel-6.12-amd64 trixie "uprobe_multi"
