#!/bin/bash
# SPDX-License-Identifier: MIT
# The newest kernel, which preempts wherever it can.
. "$(dirname "$0")/lib.sh"
cell kernel-sid-amd64 trixie "uprobe_multi" preempt=full
