#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
cell kernel-5.10-amd64 bullseye "perf event"
