#!/bin/bash
# SPDX-License-Identifier: MIT
# Attacher, searcher and collector are programs of their own: which libraries and which of dovetap's
# parts each has, that no two of them lie at the same addresses, that the two privileged ones have no
# secret, and what all of them need of memory. What a broken hand-over is answered with.
. "$(dirname "$0")/lib.sh"
plan 22

attacher=$(dirname "$dovetap")/dovetap-attacher
few='ld-linux-x86-64 libbpf libc libcap-ng libelf libseccomp libz'
[[ $(uname -m) == x86_64 ]] || few=${few/ld-linux-x86-64/ld-linux-aarch64}

searcher() {
	pgrep --parent "$dovetap_pid" -x dovetap-search
}

processes() {
	echo "$dovetap_pid" "$(searcher)" "$(collector_of "$dovetap_pid")"
}

libraries_of() { # pid: by name, without version
	awk '$6 ~ /\.so/ { sub(/.*\//, "", $6); sub(/\.so.*/, "", $6); sub(/-[0-9]+\.[0-9]+$/, "", $6); print $6 }' "/proc/$1/maps" | sort -u |
		paste -s -d ' '
}

starts_of() { # pid: where program, C library and stack lie
	awk '/dovetap/ && !p++ || /libc\.so/ && !c++ || /\[stack\]/ { sub(/-.*/, "", $1); print $1 }' \
		"/proc/$1/maps"
}

all_addresses_differ() {
	local pid
	for pid in $(processes); do
		starts_of "$pid" > "$tmp/starts"
		[[ $(wc -l < "$tmp/starts") -eq 3 ]] || { cat "$tmp/starts" && return 1; }
		cat "$tmp/starts"
	done > "$tmp/all-starts"
	same 9 "$(sort -u "$tmp/all-starts" | wc -l)"
}

symbols_of() { # archive: what it defines for others; program: all that it defines
	local which=--extern-only
	[[ $1 == *.a ]] || which=--no-sort
	nm --defined-only "$which" "$1" | awk 'NF == 3 { print $3 }' | sort -u
}

has_nothing_of() { # layers
	local layer
	symbols_of "$attacher" > "$tmp/symbols"
	for layer in "$@"; do
		symbols_of "$top/.output/lib/$layer.a" > "$tmp/layer"
		[[ -s $tmp/layer ]] || { echo "no symbols of $layer" && return 1; }
		comm -12 "$tmp/symbols" "$tmp/layer" > "$tmp/both"
		[[ ! -s $tmp/both ]] || { cat "$tmp/both" && return 1; }
	done
}

has_all_of_its_own() { # or the one above could not fail
	symbols_of "$attacher" > "$tmp/symbols"
	grep -qx attacher_run "$tmp/symbols" && grep -qx searcher_main "$tmp/symbols"
}

# In what it was given, and in all memory that it can read.
knows() { # pid, text
	grep -qF -- "$2" "/proc/$1/cmdline" "/proc/$1/environ" || python3 - "$@" <<- 'END'
		import sys
		pid, text = sys.argv[1], sys.argv[2].encode()
		with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
		    for line in maps:
		        start, end = (int(word, 16) for word in line.split()[0].split("-"))
		        if line.split()[1][0] != "r" or "[v" in line:
		            continue
		        memory.seek(start)
		        if text in memory.read(end - start):
		            sys.exit(0)
		sys.exit(1)
	END
}

knows_nothing() { # pid
	[[ -n $1 && -e /proc/$1/maps ]] && ! knows "$1" "$secret" && ! knows "$1" "$other_secret"
}

memory_of() { # field of smaps_rollup: of all processes, in KiB
	local pid
	for pid in $(processes); do
		awk -v name="$1:" '$1 == name { print $2 }' "/proc/$pid/smaps_rollup"
	done | paste -s -d + | bc
}

said() { # text, how often
	same "$2" "$(grep -cF -- "$1" "$tmp/dovetap.log")"
}

collector_is_new() { # pid of before
	local now
	now=$(collector_of "$dovetap_pid") && [[ $now != "$1" ]]
}

# The program as if "dovetap run" had become it, with that as the configuration.
refuses() { # status, text, python: makes the bytes "b" of a memory file, of those of the running one
	fails_with "$1" "$2" python3 -c "
import fcntl, os, sys
b = open('/proc/$dovetap_pid/fd/$configuration', 'rb').read()
sealed = True
$3
fd = os.memfd_create('test', os.MFD_ALLOW_SEALING)
os.write(fd, b)
if sealed:
    fcntl.fcntl(fd, 1033, 15)
os.set_inheritable(fd, True)
program = os.open('$dovetap', os.O_PATH)
os.set_inheritable(program, True)
os.execv('$attacher', ['dovetap-attacher', str(fd), str(program), '-1'])"
}

# --- what they are -------------------------------------------------------------------------------

harness_start bookworm
secret=kM3fPq9sWx other_secret=Zt7RbLw2Vc
export MAIL_STORE="redis:host=127.0.0.1:port=1:password=$secret"
printf 'plugin {\n  last_login_dict = $ENV:MAIL_STORE\n}\n' > "$tmp/dovetap.conf"
dovetap_start --root "$harness_root" --config "$tmp/dovetap.conf" --key "$other_secret/%{user}"
configuration=$(tr '\0' ' ' < "/proc/$dovetap_pid/cmdline" | cut -d ' ' -f 2)

check 'the attacher has few libraries' same "$few" "$(libraries_of "$dovetap_pid")"
check 'the searcher has the same' same "$few" "$(libraries_of "$(searcher)")"
check 'the program has all of its own' has_all_of_its_own
check 'and nothing of what reads configuration, logins and stores' has_nothing_of conf login store \
	serve plan pipeline audit capture collector stats cli
check 'no two processes lie at the same addresses' all_addresses_differ

# --- secrets -------------------------------------------------------------------------------------

check 'the collector has the secret of the environment' knows "$(collector_of "$dovetap_pid")" "$secret"
check 'and that of the command line' knows "$(collector_of "$dovetap_pid")" "$other_secret"
check 'the attacher has neither' knows_nothing "$dovetap_pid"
check 'nor has the searcher' knows_nothing "$(searcher)"

# --- what is handed over -------------------------------------------------------------------------

check 'a configuration that is cut is refused' refuses 71 'broken: it is cut' 'b = b[:-1]'
check 'one that is no configuration' refuses 71 'broken: it does not begin as one' 'b = b"x" * 500'
check 'one of another version' refuses 71 'the resolved configuration has version 9, not ' \
	'b = b[:8] + (9).to_bytes(4, sys.byteorder) + b[12:]'
check 'one that could change' refuses 77 'the memory file is not sealed' 'sealed = False'
check 'nobody else starts the program' fails_with 64 'a part of "dovetap run"' "$attacher"
mkdir "$tmp/alone" && cp "$dovetap" "$tmp/alone/dovetap"
check 'without it dovetap says so' fails_with 71 'is dovetap installed as a whole' "$tmp/alone/dovetap" \
	run --state-dir "$tmp/state/alone" --control ''

# --- a reload ------------------------------------------------------------------------------------

before=$(collector_of "$dovetap_pid")
unset MAIL_STORE
kill -HUP "$dovetap_pid"
check 'the environment of the start counts at a reload, too' eventually said 'read anew' 1
check 'and another collector has the secret' eventually collector_is_new "$before"
check 'the attacher has neither after that' knows_nothing "$dovetap_pid"
dovetap_stop

# --- a package that is replaced ------------------------------------------------------------------

mkdir "$tmp/programs" && cp "$dovetap" "$attacher" "$tmp/programs/"
built=$dovetap dovetap=$tmp/programs/dovetap
dovetap_start_recording
for program in "$tmp"/programs/*; do
	printf '#!/bin/sh\nexit 1\n' > "$program.new" && chmod +x "$program.new" && mv "$program.new" "$program"
done
dovetap=$built
before=$(collector_of "$dovetap_pid")
kill -KILL "$before"
check 'what was started goes on as it was' eventually collector_is_new "$before"
login imap alice@example.com > "$tmp/out"
check 'and records' eventually recorded imap/alice@example.com

# --- memory --------------------------------------------------------------------------------------

sleep 2 # the collector's first turns are over
for pid in $(processes); do
	echo "# $(tr '\0' ' ' < "/proc/$pid/cmdline"):" \
		"$(awk '/^(Rss|Pss):/ { printf "%s %.1f MiB ", $1, $2 / 1024 }' "/proc/$pid/smaps_rollup")"
done
check 'all processes together take 12 MiB of memory at most, each page counted for each of them' \
	test "$(memory_of Rss)" -le $((12 * 1024))
echo "# all processes: RSS $(($(memory_of Rss) / 1024)) MiB, PSS $(($(memory_of Pss) / 1024)) MiB"
check 'attacher and searcher are small' test "$(awk '/^Rss:/ { sum += $2 } END { print sum }' \
	"/proc/$dovetap_pid/smaps_rollup" "/proc/$(searcher)/smaps_rollup")" -le 10240
