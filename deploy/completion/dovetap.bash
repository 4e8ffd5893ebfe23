# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of dovetap for bash. It knows no command and no option by name: these are the ones
# that the program itself lists with --help, and what an option takes is what stands behind its
# "=" there: FILE, DIR, SOCKET, or the words between bars.

_dovetap_help() { # command...: unwrapped
	ARGP_HELP_FMT=rmargin=1000 "${words[0]}" "$@" --help 2> /dev/null
}

_dovetap_options() { # stdin: help; stdout: "-c --config FILE" or "- --debug", one a line
	sed -nE 's/^  (-(.),|   ) --([a-z-]+)(=([^ ]+))? .*/-\2 --\3 \5/p'
}

_dovetap_value() { # FILE, DIR, SOCKET, a|b|c
	case $1 in
	FILE | SOCKET) _filedir ;;
	DIR) _filedir -d ;;
	*'|'*) mapfile -t COMPREPLY < <(compgen -W "${1//|/ }" -- "$cur") ;;
	esac
}

_dovetap() {
	local cur prev words cword split help value path=() at=1
	_init_completion -s || return
	help=$(_dovetap_help)
	while [[ $help == Usage:*COMMAND* && $at -lt $cword ]]; do
		path+=("${words[at++]}")
		help=$(_dovetap_help "${path[@]}")
	done
	value=$(_dovetap_options <<< "$help" | awk -v prev="$prev" '$1 == prev || $2 == prev {print $3}')
	if [[ -n $value ]]; then
		_dovetap_value "$value"
	elif [[ $split == true ]]; then
		return
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_dovetap_options <<< "$help" |
			awk '{print $2 ($3 ? "=" : "")}')" -- "$cur")
		[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace
	elif [[ $help == Usage:*COMMAND* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sed -nE 's/^  ([a-z]+)  .*/\1/p' <<< "$help")" -- "$cur")
	else # what the last word of the first line is
		help=${help%%$'\n'*}
		_dovetap_value "${help##* }"
	fi
}

complete -F _dovetap dovetap
