#!/bin/bash
# SPDX-License-Identifier: MIT
# What docs/ and deploy/ have from the program's tables is what the tables print ("make docs").
set -u
cd "$(dirname "$0")/../.."
read -ra files < <(make -s print-docs)
echo "1..$((${#files[@]} + 1))"
for i in "${!files[@]}"; do
	part=${files[i]%%:*} file=${files[i]#*:}
	diff -u "$file" <(.output/tools/docs/gen-docs "$part" < "$file") | sed 's/^/# /'
	if [[ ${PIPESTATUS[0]} -eq 0 ]]; then echo -n "ok"; else echo -n "not ok"; fi
	echo " $((i + 1)) - $file is what the tables say of $part"
done

# Each line of dovetap.conf is right when the "#" before it goes, but for files that are not there.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -E '/^# --- what Dovecot has no setting for/,$ s/^  #([a-z_]+ = )/  \1/; /^  (dovecot_config|geoip_[a-z]+|audit_user_key) /d' \
	deploy/dovetap.conf > "$tmp/dovetap.conf"
settings=$(grep -cE '^  [a-z_]+ = ' "$tmp/dovetap.conf")
.output/dovetap config show --config "$tmp/dovetap.conf" > "$tmp/shown" 2>&1
if [[ $settings -gt 20 && $(grep -cE "# $tmp/dovetap.conf:[0-9]+$" "$tmp/shown") -eq $settings ]]; then
	echo "ok $((${#files[@]} + 1)) - each setting of dovetap.conf is right as it stands"
else
	sed 's/^/# /' "$tmp/shown"
	echo "not ok $((${#files[@]} + 1)) - each setting of dovetap.conf is right as it stands"
fi
