#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
cell kernel-6.1-amd64 bookworm "perf event"
