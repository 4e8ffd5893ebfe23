#!/bin/bash
# SPDX-License-Identifier: MIT
# The newest kernel on arm64, whose JIT has private stacks since Linux 6.17 as amd64's has; it preempts
# wherever it can. By hand (make test-storm-arm64): emulated, it takes too long for the group.
. "$(dirname "$0")/lib.sh"
BPF_TESTS=(own_stack)
cell kernel-sid-arm64 dovecot-arm64 "uprobe_multi" preempt=full
