#!/bin/bash
# SPDX-License-Identifier: MIT
# Would the checks notice? Every script of these groups runs with dovetap replaced by a program that fails, one
# that succeeds in silence, and one that prints empty JSON: each named check must fail. Those that may pass, and
# scripts that are left out, stand in may-pass with the reason.
#
#     10-dead-program.sh [SCRIPT...]    all, or these (paths below tests/)
#
# SELFTEST=alone (the default): no Dovecot, no store and no load are started either, so that nothing is waited for.
# SELFTEST=dead: all but dovetap is real; that takes hours.
# SELFTEST_SAMPLE=N: only N of the scripts, others every day; SELFTEST_SEED (the date) is printed.
cd "$(dirname "$0")/../.."
. tests/checks.sh
trap 'checks_end $?' EXIT

export DOVETAP_SELFTEST=${SELFTEST:-alone} DOVETAP_TEST_PATIENCE=${DOVETAP_TEST_PATIENCE:-}
if [[ -z $DOVETAP_TEST_PATIENCE ]]; then
	[[ $DOVETAP_SELFTEST == alone ]] && DOVETAP_TEST_PATIENCE=0 || DOVETAP_TEST_PATIENCE=1
fi
programs=(/bin/false /bin/true "$PWD/tests/selftest/empty-json")
seed=${SELFTEST_SEED:-$(date +%F)}

rules() { # script: PATTERN<TAB>REASON of those that may pass
	awk -F '\t' -v script="$1" -v mode="$DOVETAP_SELFTEST" \
		'!/^#/ && NF == 4 && script ~ "^(" $1 ")$" && (mode ~ "^(" $2 ")$") { print $3 "\t" $4 }' \
		tests/selftest/may-pass
}

left_out() { # script: prints why
	rules "$1" | sed -n 's/^-\t//p' | grep .
}

scripts() { # all that are not left out
	local path
	for path in tests/{golden,integration,faults,containers,deploy}/*.sh; do
		path=${path#tests/}
		[[ -x tests/$path && ${path##*/} != lib.sh ]] || continue
		left_out "$path" > /dev/null || echo "$path"
	done
}

sample() {
	if [[ -n ${SELFTEST_SAMPLE:-} ]]; then
		shuf -n "$SELFTEST_SAMPLE" --random-source=<(yes "$seed")
	else
		cat
	fi
}

# Each has all its checks in FILE afterwards.
run_script() { # script, program, file
	local begin=$SECONDS
	DOVETAP=$2 SANITIZED=$2 timeout --kill-after=10 300 "tests/$1" > "$3" 2>&1 < /dev/null ||
		true
	echo "$((SECONDS - begin)) s: $1 ${2##*/}" > "$3.seconds"
}

file_of() { # script, program
	echo "$tmp/${1//\//_}-${2##*/}"
}

none_passes() { # script, program
	local file pattern patterns=()
	file=$(file_of "$1" "$2")
	at_least 1 "$(grep -cE '^(not )?ok' "$file")" || { tail -n 20 "$file"; return 1; }
	mapfile -t patterns < <(rules "$1" | cut -f 1)
	grep '^ok ' "$file" > "$file.ok" || true
	for pattern in "${patterns[@]}"; do
		grep -vE -- "^ok [0-9]+ - ($pattern)\$" "$file.ok" > "$file.left" || true
		mv "$file.left" "$file.ok"
	done
	[[ ! -s $file.ok ]] || { echo 'these do not notice:'; cat "$file.ok"; return 1; }
}

# What nothing needs any more is taken out of the list, so that it does not hide what comes later.
each_rule_is_used() {
	local line script pattern unused=0
	while IFS=$'\t' read -r script mode pattern _; do
		[[ $script != '#'* && -n $script && $DOVETAP_SELFTEST =~ ^($mode)$ && $pattern != - ]] || continue
		grep -qE "^ok [0-9]+ - ($pattern)\$" "$tmp"/*[!k] && continue
		echo "not needed: $script: $pattern" && unused=1
	done < tests/selftest/may-pass
	return $unused
}

if [[ $# -gt 0 ]]; then
	chosen=("$@")
else
	mapfile -t chosen < <(scripts | sample)
fi
[[ -z ${SELFTEST_SAMPLE:-} ]] || echo "# a sample of ${#chosen[@]} by SELFTEST_SEED=$seed"
whole=$([[ $# -eq 0 && -z ${SELFTEST_SAMPLE:-} ]] && echo 1 || echo 0)
plan $((${#chosen[@]} * ${#programs[@]} + whole))

export -f run_script
for script in "${chosen[@]}"; do
	for program in "${programs[@]}"; do
		printf '%s\0%s\0%s\0' "$script" "$program" "$(file_of "$script" "$program")"
	done
done | xargs -0 -n 3 -P "${SELFTEST_JOBS:-$(nproc)}" bash -c 'run_script "$@"' run_script

for script in "${chosen[@]}"; do
	for program in "${programs[@]}"; do
		check "$script notices ${program##*/}" none_passes "$script" "$program"
	done
done
sort -rn "$tmp"/*.seconds > "$tmp/slowest"
head -n 5 "$tmp/slowest" | note
[[ $whole -eq 0 ]] || check 'each exception is needed' each_rule_is_used
