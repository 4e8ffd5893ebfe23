#!/bin/bash
# SPDX-License-Identifier: MIT
# What the two running processes may still do. /proc tells what they claim; then each is stopped
# where it waits and made to try (tests/harness/syscall-in): under its own uid, capabilities, filter
# and Landlock, not under those of a copy.
. "$(dirname "$0")/lib.sh"
plan 15

# cap-ng's numbers: DAC_READ_SEARCH 2, KILL 5, SETGID 6, SETUID 7, SETPCAP 8, SYS_PTRACE 19,
# SYS_ADMIN 21, PERFMON 38, BPF 39, CHECKPOINT_RESTORE 40
multi=$((1 << 2 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 19 | 1 << 38 | 1 << 39 | 1 << 40))
perf=$((multi | 1 << 21))
here=$(($(awk '/^CapPrm:/ {print "0x" $2}' /proc/self/status))) # a container may lack some

collector() {
	collector_of "$dovetap_pid"
}

status_is() { # pid "NAME VALUE"...: of /proc/PID/status, blanks between several values
	local pid=$1 line want
	shift
	for want in "$@"; do
		line=$(grep "^${want%% *}:" "/proc/$pid/status" | tr -s '\t' ' ')
		[[ $line == "${want%% *}: ${want#* }" ]] || { echo "$line, not $want"; return 1; }
	done
}

hex() {
	printf '%016x' "$1"
}

attacher_is() { # capabilities
	local caps
	caps=$(hex $(($1 & here)))
	status_is "$dovetap_pid" 'NoNewPrivs 1' 'Seccomp 2' 'Seccomp_filters 1' \
		"CapPrm $caps" "CapEff $caps" "CapBnd $caps" 'CapInh 0000000000000000' \
		'CapAmb 0000000000000000'
}

searcher() {
	pgrep --parent "$dovetap_pid" -x dovetap-search
}

# DAC_READ_SEARCH, SYS_PTRACE and CHECKPOINT_RESTORE; none to load or to attach anything. A user who
# owns no file.
searcher_is() {
	local caps uid gid
	caps=$(hex $(((1 << 2 | 1 << 19 | 1 << 40) & here)))
	uid=$(id -u dovetap-search 2> /dev/null || id -u nobody)
	gid=$(id -g dovetap-search 2> /dev/null || id -g nobody)
	status_is "$(searcher)" "Uid $uid $uid $uid $uid" "Gid $gid $gid $gid $gid" 'Groups ' 'NoNewPrivs 1' 'Seccomp 2' 'Seccomp_filters 2' \
		"CapPrm $caps" "CapEff $caps" "CapBnd $caps" 'CapInh 0000000000000000' \
		'CapAmb 0000000000000000'
}

searcher_may_not() {
	may_not "$(searcher)" <<- END
		EPERM bpf 0 0 0
		EPERM perf_event_open 0 0 -1 -1 0
		EPERM execve s:/bin/true 0 0
		EPERM fork
		EPERM clone 17 0 0 0 0
		EPERM setuid 0
		EPERM capset 0 0
		EPERM kill $dovetap_pid 0
		EPERM mount s:none s:/mnt s:tmpfs 0 0
		EPERM unshare 0x10000000
		EPERM setns 0 0
		EPERM chroot s:/
		EPERM ptrace 0 0 0 0
		EPERM process_vm_readv $dovetap_pid 0 0 0 0 0
		EPERM process_vm_writev $dovetap_pid 0 0 0 0 0
		EPERM mmap 0 4096 6 0x22 -1 0
		EPERM init_module 0 0 0
		EPERM memfd_create s:x 0
		EPERM ioctl 0 0x5412 0
		ENOTTY ioctl 0 0x8008b705 0
		EPERM open s:/etc/cron.d/dovetap-test 0x41 0o644
		EPERM openat -100 s:/etc/cron.d/dovetap-test 0x41 0o644
		EPERM openat -100 s:/etc/passwd 1 0
		EPERM openat -100 s:/etc/passwd 2 0
		EPERM openat -100 s:/etc/passwd 0x200 0
		EPERM openat -100 s:/etc 0x410001 0o600
		EPERM chmod s:/bin/true 0o4755
		EPERM fchmodat -100 s:/bin/true 0o4755
		EPERM chown s:/bin/true 0 0
		EPERM link s:/etc/passwd s:/etc/dovetap-test
		EPERM symlink s:/etc/passwd s:/etc/dovetap-test
		EPERM mkdir s:/tmp/dovetap-test 0o755
		EPERM unlink s:/etc/dovetap-test
		EPERM rename s:/etc/dovetap-test s:/etc/dovetap-test2
		EPERM setxattr s:/bin/true s:user.x s:y 1 0
		EPERM socket 2 1 0
		EACCES openat2 -100 s:/etc/passwd q:1,0,0 24
		EACCES openat2 -100 s:/etc/cron.d/dovetap-test q:0x41,0o644,0 24
		EACCES openat2 -100 s:/proc/$dovetap_pid/mem q:2,0,0 24
	END
}

collector_is_nobody() {
	local none='0000000000000000' uid gid
	uid=$(id -u dovetap 2> /dev/null || id -u nobody)
	gid=$(id -g dovetap 2> /dev/null || id -g nobody)
	status_is "$(collector)" 'NoNewPrivs 1' 'Seccomp 2' 'Seccomp_filters 2' \
		"CapPrm $none" "CapEff $none" "CapBnd $none" "CapInh $none" "CapAmb $none" \
		"Uid $uid $uid $uid $uid" "Gid $gid $gid $gid $gid" 'Groups '
}

may_not() { # pid, stdin: "OUTCOME CALL ARGUMENT..." a line
	local pid=$1 lines
	lines=$(cat)
	[[ -n $pid && -n $lines ]]
	same "$(cut -d' ' -f1 <<< "$lines" | paste - <(cut -d' ' -f2- <<< "$lines"))" \
		"$(cut -d' ' -f2- <<< "$lines" | "$top/tests/harness/syscall-in" "$pid" - |
			paste - <(cut -d' ' -f2- <<< "$lines"))"
}

# Numbers: O_WRONLY|O_CREAT 0x41, CLONE_NEWUSER 0x10000000, SIGCHLD 17, PROT_WRITE|PROT_EXEC 6,
# MAP_PRIVATE|MAP_ANONYMOUS 0x22, AF_PACKET 17, AF_VSOCK 40, AF_ALG 38, PTRACE_TRACEME 0,
# PR_SET_DUMPABLE 4, TIOCSTI 0x5412, NS_GET_MNTNS_ID 0x8008b705.
collector_may_not() {
	may_not "$(collector)" <<- END
		EPERM setuid 0
		EPERM setresuid -1 0 -1
		EPERM setgroups 0 0
		EPERM capset 0 0
		EPERM bpf 0 0 0
		EPERM perf_event_open 0 0 -1 -1 0
		EPERM execve s:/bin/true 0 0
		EPERM execveat -100 s:/bin/true 0 0 0
		EPERM fork
		EPERM vfork
		EPERM clone 17 0 0 0 0
		EPERM clone 0x10010000 0 0 0 0
		ENOSYS clone3 0 0
		EPERM unshare 0x10000000
		EPERM setns 0 0
		EPERM mmap 0 4096 6 0x22 -1 0
		EPERM mprotect 0 4096 4
		EPERM ptrace 0 0 0 0
		EPERM process_vm_readv $dovetap_pid 0 0 0 0 0
		EPERM kill $dovetap_pid 0
		EPERM tgkill $dovetap_pid $dovetap_pid 0
		EPERM pidfd_open $dovetap_pid 0
		EPERM mount s:none s:/mnt s:tmpfs 0 0
		EPERM chroot s:/
		EPERM init_module 0 0 0
		EPERM keyctl 0 0 0 0 0
		EPERM io_uring_setup 1 0
		EPERM userfaultfd 0
		EPERM socket 17 3 0
		EPERM socket 40 1 0
		EPERM socket 38 5 0
		EPERM ioctl 0 0x5412 0
		EPERM prctl 4 1 0 0 0
		EPERM prlimit64 $dovetap_pid 7 0 0
		EPERM memfd_create s:x 0
		EPERM openat2 -100 s:/ 0 0
		EPERM symlink s:/etc s:$tmp/state/link
		EPERM mknod s:$tmp/state/fifo 0x1180 0
		EPERM chown s:$tmp/state 0 0
	END
}

files_of_collector() {
	may_not "$(collector)" <<- END
		EACCES openat -100 s:/etc/shadow 0
		EACCES openat -100 s:/tmp/dovetap-made-it 0x41 0o666
		EACCES openat -100 s:$tmp/elsewhere/made-it 0x41 0o666
		EACCES openat -100 s:$tmp/elsewhere/everybodys 0
		EACCES openat -100 s:$tmp/elsewhere/everybodys 1
		EACCES openat -100 s:$tmp/elsewhere/everybodys 0x201
		EACCES mkdir s:$tmp/elsewhere/made-it 0o777
		EACCES unlink s:$tmp/elsewhere/everybodys
		EACCES rename s:$tmp/elsewhere/everybodys s:$tmp/state/stolen
		EACCES rename s:$tmp/elsewhere/everybodys s:$tmp/elsewhere/renamed
		EACCES openat -100 s:/proc/$dovetap_pid/mem 0
		0 mkdir s:$tmp/state/directory 0o755
		0 rmdir s:$tmp/state/directory
		0 access s:/etc/resolv.conf 0
	END
}

attacher_may_not() {
	may_not "$dovetap_pid" <<- END
		EPERM mount s:none s:/mnt s:tmpfs 0 0
		EPERM umount2 s:/ 0
		EPERM chroot s:/
		EPERM pivot_root s:/ s:/
		EPERM unshare 0x10000000
		EPERM clone 0x10000011 0 0 0 0
		ENOSYS clone3 0 0
		EPERM setns 0 0
		EPERM ptrace 0 0 0 0
		EPERM process_vm_readv 1 0 0 0 0 0
		EPERM process_vm_writev 1 0 0 0 0 0
		EPERM init_module 0 0 0
		EPERM finit_module 0 0 0
		EPERM kexec_load 0 0 0 0
		EPERM reboot 0 0 0 0
		EPERM swapoff s:/
		EPERM settimeofday 0 0
		EPERM clock_settime 0 0
		EPERM sethostname s:x 1
		EPERM keyctl 0 0 0 0 0
		EPERM io_uring_setup 1 0
		EPERM userfaultfd 0
		EPERM mmap 0 4096 6 0x22 -1 0
		EPERM mprotect 0 4096 4
		EPERM socket 17 3 0
		EPERM socket 40 1 0
		EPERM mknod s:$tmp/device 0x2180 0x103
		EPERM chown s:$tmp/elsewhere/everybodys 65534 65534
		EPERM symlink s:/etc s:$tmp/link
		EPERM quotactl 0 0 0 0
	END
}

check_says() { # PATTERN...: extended regular expressions, each on a line of "dovetap check"
	local pattern
	"$dovetap" check --state-dir "$tmp/state" --control "$tmp/state/control.sock" \
		--root "$harness_root" "--dict=file:$tmp/state/unused" > "$tmp/check.text"
	[[ $# -gt 0 ]]
	for pattern in "$@"; do
		grep -Eq -- "$pattern" "$tmp/check.text" || { echo "no line has: $pattern"; cat "$tmp/check.text"; return 1; }
	done
}

check_says_json() {
	"$dovetap" check --json --state-dir "$tmp/state" --control "$tmp/state/control.sock" \
		--root "$harness_root" "--dict=file:$tmp/state/unused" > "$tmp/check.json"
	jq -es --arg attacher "attacher $dovetap_pid" --arg collector "collector $(collector)" --arg searcher "searcher $(searcher)" '
		[.[0].findings[] | select(.area == "process")
			| select(.subject == $attacher or .subject == $collector or .subject == $searcher)]
		| length == 3 and all(.state == "ok")' "$tmp/check.json"
}

is_replaced() { # pid
	local now
	now=$(collector) && [[ $now != "$1" ]]
}

mkdir -m 1777 "$tmp/elsewhere"
echo secret > "$tmp/elsewhere/everybodys"
chmod 0666 "$tmp/elsewhere/everybodys"
harness_start bookworm
dovetap_start_recording --attach multi
landlock=$(metric dovetap_landlock_version)

check 'the attacher has few capabilities and a list of system calls' attacher_is $multi
check 'the collector has none, and two lists' collector_is_nobody
check 'what the collector tries is denied' collector_may_not
if [[ $landlock != 0 ]]; then
	check 'files that are not its own are out of its reach' files_of_collector
else
	skip 'files that are not its own' 'this kernel has no Landlock'
fi
check 'what the attacher tries is denied' attacher_may_not
check 'the process that searches can only look' searcher_is
check 'what it tries is denied' searcher_may_not
check 'it tells so' check_says \
	"^ok +process +attacher $dovetap_pid: uid 0, capabilities: .*bpf.*, no_new_privs, seccomp \(1\)$" \
	"^ok +process +searcher $(searcher): uid [1-9][0-9]*, capabilities: .*sys_ptrace.*, no_new_privs, seccomp \(2\)$" \
	"^ok +process +collector $(collector): uid [1-9][0-9]*, capabilities: none, no_new_privs, seccomp \(2\), Landlock version $landlock$"
check 'as JSON, too' check_says_json

victim=$(collector)
kill -KILL "$victim"
check 'another collector takes its place' eventually is_replaced "$victim"
check 'with no more rights' eventually collector_is_nobody
login imap alice@example.com > "$tmp/out"
check 'after all that a login is recorded' eventually recorded imap/alice@example.com

dovetap_stop
dovetap_start_recording --attach perf
check 'perf events need one capability more' attacher_is $perf
check 'and the collector no right' collector_is_nobody
login imap bob@example.com > "$tmp/out"
check 'a login is recorded' eventually recorded imap/bob@example.com
