#!/bin/bash
# SPDX-License-Identifier: MIT
# What docs/ and deploy/ have from the program's tables is what the tables print ("make docs"), and the
# commands that they show are such as the program takes.
cd "$(dirname "$0")/../.."
. tests/checks.sh
trap 'checks_end $?' EXIT
dovetap=${DOVETAP:-.output/dovetap}
read -ra files < <(make -s print-docs)
plan $((${#files[@]} + 2))

is_generated() { # part, file
	.output/tools/docs/gen-docs "$1" < "$2" > "$tmp/generated"
	diff -u "$2" "$tmp/generated"
}

# Each line of dovetap.conf is right when the "#" before it goes, but for files that are not there.
sample_is_right() {
	local settings
	sed -E '/^# --- what Dovecot has no setting for/,$ s/^  #([a-z_]+ = )/  \1/; /^  (dovecot_config|geoip_[a-z]+|audit_user_key) /d' \
		deploy/dovetap.conf > "$tmp/dovetap.conf"
	settings=$(grep -cE '^  [a-z_]+ = ' "$tmp/dovetap.conf")
	at_least 21 "$settings"
	"$dovetap" config show --config "$tmp/dovetap.conf" > "$tmp/shown"
	same "$settings" "$(grep -cE "# $tmp/dovetap.conf:[0-9]+$" "$tmp/shown")"
}

for file in "${files[@]}"; do
	check "${file#*:} is what the tables say of ${file%%:*}" is_generated "${file%%:*}" "${file#*:}"
done
check 'each setting of dovetap.conf is right as it stands' sample_is_right
check 'each command shown has the options that the program takes, and the manual has all' tests/golden/doc-commands.py "$dovetap" \
	README.md CONTRIBUTING.md SECURITY.md docs/*.md docs/dovetap.8
