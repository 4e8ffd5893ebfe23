/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells the attacher of programs that start and may be Dovecot's, on the host or in a container.
 *
 * The filter is the name of the executable, which the task carries as its comm by the time of this
 * tracepoint. The path in the tracepoint's record would need a kernel read, which the kernel
 * refuses under lockdown=confidentiality, and may be relative or /dev/fd/N; the attacher looks at
 * /proc/PID/exe anyway. Dovecot always starts its services from a master named dovecot, so the
 * names of the services only serve an upgrade, where new files are executed under an old master.
 *
 * A raw tracepoint, which is attached by name: the ordinary kind needs tracefs to be mounted.
 *
 * An object of its own: it is loaded once per host, without a Dovecot layout.
 */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

#include <dovetap/exec.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 10);
} execs SEC(".maps");

/* How many starts were not told because the ring was full: then the attacher scans /proc anew. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} exec_drops SEC(".maps");

/* The names to tell of; an empty one ends the list. The loader may set others before load. */
const volatile char exec_names[DOVETAP_EXEC_NAMES_MAX][DOVETAP_EXEC_NAME_SIZE] = {
	"dovecot",	   "auth",	  "imap",	"imap-login",	   "pop3",
	"pop3-login",	   "lmtp",	  "submission", "submission-logi", "managesieve",
	"managesieve-log", "dovecot-lda", "doveadm",
};

/* Both names are zero behind their NUL, so two words decide. */
static __always_inline bool name_is_wanted(const __u64 name[2])
{
	for (int i = 0; i < DOVETAP_EXEC_NAMES_MAX; i++) {
		const volatile __u64 *wanted = (const volatile __u64 *)exec_names[i];

		if (!wanted[0])
			return false;
		if (wanted[0] == name[0] && wanted[1] == name[1])
			return true;
	}
	return false;
}

static __always_inline void count_drop(void)
{
	__u32 zero = 0;
	__u64 *drops = bpf_map_lookup_elem(&exec_drops, &zero);

	if (drops)
		__sync_fetch_and_add(drops, 1);
}

SEC("raw_tp")
int process_started(void *ctx)
{
	__u64 name[2] = {};
	struct dovetap_exec *exec;

	(void)ctx;
	bpf_get_current_comm(name, sizeof(name));
	if (!name_is_wanted(name))
		return 0;
	exec = bpf_ringbuf_reserve(&execs, sizeof(*exec), 0);
	if (!exec) {
		count_drop();
		return 0;
	}
	exec->pid = bpf_get_current_pid_tgid() >> 32;
	__builtin_memcpy(exec->name, name, sizeof(exec->name));
	bpf_ringbuf_submit(exec, 0);
	return 0;
}
