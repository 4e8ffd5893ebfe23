#!/bin/bash
# SPDX-License-Identifier: MIT
# What docs/ and deploy/ have from the program's tables is what the tables print ("make docs").
set -u
cd "$(dirname "$0")/../.."
read -ra files < <(make -s print-docs)
echo "1..${#files[@]}"
for i in "${!files[@]}"; do
	part=${files[i]%%:*} file=${files[i]#*:}
	diff -u "$file" <(.output/tools/gen-docs "$part" < "$file") | sed 's/^/# /'
	if [[ ${PIPESTATUS[0]} -eq 0 ]]; then echo -n "ok"; else echo -n "not ok"; fi
	echo " $((i + 1)) - $file is what the tables say of $part"
done
