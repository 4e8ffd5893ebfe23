#!/bin/bash
# SPDX-License-Identifier: MIT
# What is told to the reader is what the program has: every command, option and setting, and the
# defaults in the configuration file that is installed.
. "$(dirname "$0")/../integration/lib.sh"
plan 8

sample=$top/deploy/dovetap.conf
manual=$top/docs/dovetap.8
show() { # arguments: "name = value" of dovetap's own settings
	"$dovetap" config show "$@" | sed -nE '1,/^}/s/^  ([a-z_]+ =.*)# .*/\1/p' | sed 's/ *$//'
}

settings() {
	show --config /dev/null | sed 's/ .*//'
}

uncommented() { # the examples, too; the mail server's file is not there
	sed -E 's/^( *)#([a-z_]+ = |[a-z_]+ \{|\}|  )/\1\2/; s/^  dovecot_config =.*//' "$sample"
}

tells_every_setting() { # file, what stands before a name, what behind
	local name
	settings > "$tmp/settings"
	[[ -s $tmp/settings ]] || return
	while read -r name; do
		grep -qF -- "$2$name$3" "$1" || { echo "$1 does not tell $name"; return 1; }
	done < "$tmp/settings"
}

defaults_are_those() { # settings without a default have an example instead
	uncommented > "$tmp/all.conf"
	show --config "$tmp/all.conf" > "$tmp/shown"
	show --config /dev/null > "$tmp/defaults"
	! grep -v '=$' "$tmp/defaults" | grep -vxFf "$tmp/shown" || return 1
	same $(($(settings | wc -l) - 1)) "$(grep -vc '=$' "$tmp/shown")"
}

example_works() {
	"$dovetap" config show --config "$tmp/all.conf" | grep -F 'redis_host = 127.0.0.1'
}

changes_nothing() {
	at_least 10 "$("$dovetap" config show --config /dev/null | wc -l)"
	same "$("$dovetap" config show --config /dev/null)" \
		"$("$dovetap" config show --config "$sample")"
}

tells_every_option() {
	local command option
	for command in run check lookup recent failures inactive expire replay spool status top 'config show'; do
		# shellcheck disable=SC2086
		"$dovetap" $command --help | grep -oE -- '--[a-z-]+' | sort -u |
			grep -vxE -- '--help|--usage' > "$tmp/options"
		[[ -s $tmp/options ]] || return
		while read -r option; do
			grep -qE "F[l] -${option#--}( |\$)" "$manual" ||
				{ echo "$command $option is not told"; return 1; }
		done < "$tmp/options"
	done
}

check 'dovetap(8) tells every option' tells_every_option
check 'dovetap.conf(5) tells every setting' tells_every_setting "$top/docs/dovetap.conf.5" '.It Cm ' ''
check 'docs/configuration.md, too' tells_every_setting "$top/docs/configuration.md" '| `' '` |'
# shellcheck disable=SC2016
check 'the installed file shows every setting' tells_every_setting "$sample" '  #' ' ='
check 'as it is it changes nothing' changes_nothing
check 'its defaults are the defaults' defaults_are_those
check 'its example works' example_works
check 'mandoc has no warning' mandoc -Tlint -Wwarning "$top"/docs/*.[1-8]
