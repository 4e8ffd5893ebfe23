#!/bin/bash
# SPDX-License-Identifier: MIT
# The shells offer every command and every option that --help tells, and nothing else.
. "$(dirname "$0")/../integration/lib.sh"
plan 12

PATH=${dovetap%/*}:$PATH
folder=$top/deploy/completion

in_bash() { # command line: what is offered, one a line; "=" behind an option taken off
	bash -c '
		. /usr/share/bash-completion/bash_completion && . "$1/dovetap.bash" && shift
		COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9
		read -ra COMP_WORDS <<< "${1//=/ = }"
		[[ $1 != *\  ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		compopt() { :; } # works in a shell with a terminal only
		_dovetap && printf "%s\n" "${COMPREPLY[@]%=}"' bash "$folder" "$1" | sort -u
}

in_zsh() {
	"$top/tests/deploy/zsh-offers" "$tmp" "$folder" "$1"
}

options() { # command...: as --help tells them, wrapped or not
	"$dovetap" "$@" --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort
}

commands() { # [command]
	"$dovetap" "$@" --help | awk '/^  [a-z]/ {print $1}' | sort
}

# shellcheck disable=SC2046,SC2086 # one word each
every_option() { # in_bash or in_zsh
	local command
	at_least 7 "$(commands | wc -l)"
	for command in $(commands | grep -v config) $(commands config | sed 's/^/config:/'); do
		same "$command: $(options ${command/:/ })" \
			"$command: $("$1" "dovetap ${command/:/ } --")" || return
	done
}

# shellcheck disable=SC2086
offers() { # in_bash or in_zsh, line, words: exactly these
	same "$(printf '%s\n' $3 | sort)" "$("$1" "$2")"
}

check 'there is a command to complete' test "$(commands | wc -l)" -ge 7
check 'and options' test "$(options run | wc -l)" -ge 10
for shell in in_bash in_zsh; do
	check "$shell: commands" offers $shell 'dovetap ' "$(commands)"
	check "$shell: every option of every command" every_option $shell
	check "$shell: commands of config" offers $shell 'dovetap config ' "$(commands config)"
	check "$shell: what an option may be" offers $shell 'dovetap run --attach=' 'auto multi perf'
	check "$shell: what an argument may be" offers $shell 'dovetap spool ' 'check drain drop export list retry'
done
