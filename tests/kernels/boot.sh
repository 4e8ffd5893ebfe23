#!/bin/bash
# SPDX-License-Identifier: MIT
# tests/kernels/boot.sh VMLINUZ [TEST...]: runs the tests of the BPF programs (or those named)
# under another kernel, emulated, with nothing but an initramfs: no disk, no modules, no network. Prints
# their TAP lines. Takes minutes: detaching a probe is slow there.
# Needs qemu-system-x86 and busybox-static, and "make bpf-tests" before. Debian's packages
# linux-image-*-cloud-amd64 contain kernels that fit (dpkg-deb --fsys-tarfile FILE | tar x).
set -euo pipefail
kernel=$(realpath "$1")
shift
cd "$(dirname "$0")/../.."

O=.output
TIMEOUT=${TIMEOUT:-900}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

# A program with the shared libraries that it is linked with, at the same paths.
put() { # program
	local library
	install -D "$1" "$root/$1"
	for library in $(ldd "$1" | grep -oE '/[^ ]+' | grep -v "^$PWD/"); do
		[[ -e $root/$library ]] || install -D "$library" "$root/$library"
	done
}

init() {
	cat <<- 'END'
		#!/bin/busybox sh
		/bin/busybox mkdir -p /proc /sys /dev /tmp
		/bin/busybox mount -t proc none /proc
		/bin/busybox mount -t sysfs none /sys
		/bin/busybox mount -t devtmpfs none /dev
		/bin/busybox echo 0 > /proc/sys/kernel/printk
		export CMOCKA_MESSAGE_OUTPUT=TAP
		cd /
		echo "# kernel $(/bin/busybox uname -r)"
		for test in .output/tests/bpf/test_*; do
			echo "# $test"
			$test 2>&1 || echo "not ok - $test ended with status $?"
		done
		echo "# end"
		/bin/busybox poweroff -f
	END
}

[[ $# -gt 0 ]] || set -- test_load test_layouts test_filters test_texts test_storm test_exec
for test in "$@"; do
	put "$O/tests/bpf/$test"
done
put "$O/tests/target/libtarget.so"
install -D layouts/dovecot.layouts "$root/layouts/dovecot.layouts"
install -D /bin/busybox "$root/bin/busybox"
install -D /bin/true "$root/bin/true"
init > "$root/init"
chmod +x "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc) > "$work/initramfs"

timeout "$TIMEOUT" qemu-system-x86_64 -accel tcg -cpu max -smp 2 -m 1024 -nographic -no-reboot \
	-kernel "$kernel" -initrd "$work/initramfs" \
	-append "console=ttyS0 quiet panic=-1 mitigations=off" < /dev/null |
	stdbuf -oL tr -d '\r' | tee "$work/output"
grep -q '^# end' "$work/output" && ! grep -q '^not ok' "$work/output"
