# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Boots one of Debian's kernels, emulated, with nothing but an initramfs: no disk, no network.
#
#     . "$(dirname "$0")/lib.sh"
#     cell kernel-5.10-amd64 bullseye "perf event"
#     cell kernel-sid-amd64 trixie uprobe_multi preempt=full
#
# In there tests/kernels/init runs the tests of tests/bpf on the synthetic target, and then dovetap
# with a real Dovecot; its TAP lines are ours. "make test-kernels" fetches and builds what is needed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

CACHE=${DOVETAP_CACHE:-/var/cache/dovetap}
PATIENCE=${TEST_TIMEOUT:-600} # seconds; a cell takes half a minute on an idle machine
# STORM_LOGINS=N: nothing but the storm, with that many.
# All of tests/bpf but helpers, whose programs need Linux 5.14: texts reads with the same helpers
# through a probe. The storm, which takes long where all is emulated, goes where it has something to
# find: since 6.13 programs may have stacks that are not their task's (bpf/own_stack.bpf.h).
BPF_TESTS=(attach attacher descents exec filters layouts load maps own_stack pins processes texts)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
image=$work/image

# --- what is in the image ------------------------------------------------------------------------

needed_by() { # ELF file: its shared libraries and its loader
	readelf --dynamic --program-headers "$1" 2> /dev/null | sed -n \
		-e 's/.*(NEEDED).*\[\(.*\)\]/\1/p' -e 's/.*program interpreter: \(.*\)\]/\1/p'
}

follow() { # root, path: the file that it leads to within the root
	local file=$1$2 target
	while [[ -L $file ]]; do
		target=$(readlink "$file")
		[[ $target == /* ]] && file=$1$target || file=$(dirname "$file")/$target
	done
	echo "$file"
}

locate() { # root, name of a library or path of a loader; nothing for what Dovecot loads by itself
	local dir
	for dir in "" /usr/lib/"$triplet" /lib/"$triplet" /usr/lib/dovecot; do
		if [[ -f $(follow "$1" "$dir/$2") ]]; then
			echo "$dir/$2"
			return
		fi
	done
}

put() { # root, where to in the image, paths below the root: with the libraries that they need
	local root=$1 to=$2 path file
	shift 2
	for path; do
		file=$(follow "$root" "$path")
		[[ -e $image$to$path ]] || install -D "$file" "$image$to$path"
		put_libraries "$root" "$to" "$file"
	done
}

put_libraries() { # root, where to in the image, ELF file anywhere
	local name path
	for name in $(needed_by "$3"); do
		path=$(locate "$1" "$name")
		[[ -z $path || -e $image$2$path ]] || put "$1" "$2" "$path"
	done
}

put_tests() { # root of the libraries that they were built with
	local test tests=("${BPF_TESTS[@]}")
	[[ -z ${STORM_LOGINS:-} ]] || tests=()
	! is_since 6.13 || tests+=(storm)
	for test in "${tests[@]}"; do
		install -D "$output/tests/bpf/test_$test" "$image/.output/tests/bpf/test_$test"
		put_libraries "$1" "" "$output/tests/bpf/test_$test"
	done
	install -D -t "$image/.output/tests/target" "$output"/tests/target/lib*.so*
	install -D layouts/dovecot.layouts "$image/layouts/dovecot.layouts"
	local program
	for program in dovetap dovetap-attacher; do
		install -D "$output/$program" "$image/bin/$program"
		put_libraries "$1" "" "$output/$program"
	done
}

is_since() { # version: whether the kernel is of this one or a later one
	printf '%s\n' "$1" "$release" | sort --check=quiet --version-sort
}

put_module() { # name: as the kernel's package has it, unpacked
	local file
	file=$(find "$kernel/usr/lib/modules" -name "$1.ko*")
	mkdir -p "$image/cell"
	case $file in
	*.xz) xz --decompress --stdout "$file" > "$image/cell/$1.ko" ;;
	*) cp "$file" "$image/cell/$1.ko" ;;
	esac
}

# Dovecot in a root folder of its own, like a container's.
put_dovecot() { # root folder
	local lib=$1/usr/lib/dovecot to=$image/dovecot file
	mkdir -p "$to"/{etc,dev,proc,run,tmp,mail} "$to/usr/lib" "$work/harness"
	printf '%s\n' IMAP=143 POP3=110 SUBMISSION=587 MANAGESIEVE=4190 LMTP=24 > "$work/harness/ports"
	printf '%s\n' 'protocols = imap pop3' 'listen = 127.0.0.1' 'ssl = no' > "$work/harness/extra.conf"
	tests/harness/dovecot --prepare "$1" "$work/harness"
	cp -a "$work/harness" "$to/harness"
	chmod 1777 "$to/mail"
	cp -a "$lib" "$to/usr/lib/dovecot"
	put "$1" /dovecot /usr/sbin/dovecot /usr/bin/doveconf
	for file in "$lib"/* "$lib"/modules/*{acl,iostream}*.so; do
		[[ ! -f $file ]] || put_libraries "$1" /dovecot "$file"
	done
	# Which passwd(5) is read with, where libc has not got it built in.
	for file in "$1"/lib/"$triplet"/libnss_files*; do
		[[ ! -e $file ]] || put "$1" /dovecot "${file#"$1"}"
	done
	for file in root:0 dovecot:100 dovenull:101 nobody:65534; do
		echo "${file%:*}:x:${file#*:}:${file#*:}::/:/bin/false" >> "$to/etc/passwd"
		echo "${file%:*}:x:${file#*:}:" >> "$to/etc/group"
	done
	cp "$to"/etc/{passwd,group} "$image/etc"
}

# --- the machine ---------------------------------------------------------------------------------

# Emulated everywhere, also where /dev/kvm opens: not every hypervisor runs a guest of its guest right,
# and all machines shall run the same. One thread for both CPUs, because QEMU before 8.1 reads code
# while another thread writes it: a kernel that switches a static key (perf events do) then dies of
# "Oops: int3", once in fifteen cells. (QEMU deba78709ae8, "Always lock pages before translation".)
accelerator=tcg,thread=single

machine_amd64() { # without the copying that is emulated byte by byte
	exec qemu-system-x86_64 -cpu max,-erms "$@" -append "console=ttyS0 $arguments"
}

machine_arm64() { # its pointer authentication by an algorithm that costs little
	exec qemu-system-aarch64 -machine virt -cpu max,pauth-impdef=on "$@" \
		-append "console=ttyAMA0 $arguments"
}

# Grace periods are waited for at each detachment; expedited ones are short. A kernel that oopses or panics
# ends the machine.
arguments='quiet oops=panic panic=-1 mitigations=off rcupdate.rcu_expedited=1'

boot() { # initramfs
	{ timeout --kill-after=10 "$PATIENCE" bash -c "$(declare -f "machine_$arch"); arguments='$arguments'
		machine_$arch \"\$@\"" qemu -accel "$accelerator" -smp 2 -m 1024 -nodefaults -serial stdio \
		-display none -no-reboot -kernel "$(find "$kernel" -name 'vmlinuz*')" -initrd "$1" \
		< /dev/null 2>&1 || echo "# the emulator ended with status $?"; } |
		stdbuf -oL tr -d '\r' | tee "$work/console"
}

# What the guest said decides. Without its last line it is not known what it would have said.
judge() { # name
	echo 1..1
	if grep -q '^# end' "$work/console"; then
		echo "ok - $1 ran to its end"
	elif grep -q 'Kernel panic' "$work/console"; then
		echo "not ok - $1 ran to its end: its kernel panicked, see above"
	else
		echo "not ok - $1 ran to its end: it stopped without a word"
	fi | tee -a "$work/console"
	! grep -q '^not ok' "$work/console"
}

# Package of the kernel, root folder with Dovecot, how probes are set there, arguments of the kernel.
cell() {
	local root=/ busybox=/bin/busybox dovecot=$CACHE/root/$2
	kernel=$CACHE/packages/$1 arch=${1##*-} output=.output triplet=x86_64-linux-gnu
	if [[ $arch == arm64 ]]; then
		output=.output/aarch64 triplet=aarch64-linux-gnu root=$CACHE/packages/sysroot-arm64
		busybox=$CACHE/packages/busybox-arm64/bin/busybox dovecot=$CACHE/packages/$2
	fi
	release=$(ls "$kernel/usr/lib/modules") arguments+=" ${*:4}"
	mkdir -p "$image"/{etc,cell,bin}
	printf '%s\n' "METHOD='$3'" "export STORM_LOGINS=${STORM_LOGINS:-}" > "$image/cell/settings"
	install -D "$busybox" "$image/bin/busybox"
	install tests/kernels/init "$image/init"
	put_tests "${root%/}"
	put_module overlay
	put_dovecot "$dovecot"
	(cd "$image" && find . | cpio --quiet -o -H newc) > "$work/initramfs"
	echo "# $1, Dovecot of $2, $(du -m "$work/initramfs" | cut -f 1) MiB, after $SECONDS s"
	boot "$work/initramfs"
	echo "# $1 took $SECONDS s"
	judge "$1"
}
