/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reports each started program that may be Dovecot's to the attacher, on the host or in a
 * container.
 *
 * Most programs that start on a node are not Dovecot's and must cost almost nothing. Dovecot's
 * usual names are always reported. Any other name is reported too, so that a Dovecot under another
 * name is found, until the attacher has looked at the program and noted the name as unrelated: for
 * a while, because another program may have the same. New names are limited to a number a second.
 *
 * The name is the task's comm, which by the time of this tracepoint is the executable's. The path
 * in the tracepoint's record, and the file itself, would need kernel reads, which the kernel
 * refuses under lockdown=confidentiality.
 *
 * A raw tracepoint, which is attached by name: the ordinary kind needs tracefs to be mounted.
 *
 * The end of a master is reported, too: what its container had must soon be free to be unmounted.
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

/* How many starts were not reported, by DOVETAP_EXEC_*: then the attacher scans /proc again. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DOVETAP_EXEC_COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} exec_counts SEC(".maps");

struct exec_name {
	__u64 words[DOVETAP_EXEC_NAME_SIZE / 8];
};

/* Names of others' programs, with the end of that on the monotonic clock; the attacher's. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct exec_name);
	__type(value, __u64);
} unrelated_names SEC(".maps");

/* How many unknown names were reported in this second. */
struct exec_budget {
	__u64 second;
	__u64 reported;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exec_budget);
} exec_budget SEC(".maps");

const volatile __u64 exec_unknown_per_second = 200;

/* The attacher's pid namespace, as a nested one (kind, k3d, LXC) has other numbers than the
 * kernel's; inode 0: it is the initial one. */
const volatile __u64 pid_ns_device = 0, pid_ns_inode = 0;

/* The names that are always reported; an empty one ends the list. The loader may set others before
 * load. */
const volatile char exec_names[DOVETAP_EXEC_NAMES_MAX][DOVETAP_EXEC_NAME_SIZE] = {
	"dovecot",	   "auth",	  "imap",	"imap-login",	   "pop3",
	"pop3-login",	   "lmtp",	  "submission", "submission-logi", "managesieve",
	"managesieve-log", "dovecot-lda", "doveadm",
};

/* linux/bpf.h; no kernel type refers to it, so that vmlinux.h lacks it. */
struct bpf_pidns_info {
	__u32 pid;
	__u32 tgid;
};

/* Of the process in the attacher's namespace. 0: it is in another one, where its number cannot be
 * had without kernel reads. */
static __always_inline __u32 process_number(void)
{
	struct bpf_pidns_info numbers = {};

	if (!pid_ns_inode)
		return bpf_get_current_pid_tgid() >> 32;
	if (bpf_get_ns_current_pid_tgid(pid_ns_device, pid_ns_inode, &numbers, sizeof(numbers)))
		return 0;
	return numbers.tgid;
}

/* Both names are zero behind their NUL, so two words decide. */
static __always_inline bool name_is_usual(const struct exec_name *name)
{
	for (int i = 0; i < DOVETAP_EXEC_NAMES_MAX; i++) {
		const volatile __u64 *usual = (const volatile __u64 *)exec_names[i];

		if (!usual[0])
			return false;
		if (usual[0] == name->words[0] && usual[1] == name->words[1])
			return true;
	}
	return false;
}

static __always_inline bool name_is_unrelated(const struct exec_name *name, __u64 now)
{
	const __u64 *until = bpf_map_lookup_elem(&unrelated_names, name);

	return until && now < *until;
}

static __always_inline void count(__u32 reason)
{
	__u64 *counter = bpf_map_lookup_elem(&exec_counts, &reason);

	if (counter)
		__sync_fetch_and_add(counter, 1);
}

/* Two CPUs in a new second at once may report a few more. */
static __always_inline bool may_print(__u64 now)
{
	__u32 zero = 0;
	struct exec_budget *budget = bpf_map_lookup_elem(&exec_budget, &zero);
	__u64 second = now / 1000000000;

	if (!budget)
		return false;
	if (budget->second != second) {
		budget->second = second;
		budget->reported = 0;
	}
	if (budget->reported >= exec_unknown_per_second)
		return false;
	__sync_fetch_and_add(&budget->reported, 1);
	return true;
}

static __always_inline void emit(const struct exec_name *name, __u32 pid, bool usual, bool ended)
{
	struct dovetap_exec *exec = bpf_ringbuf_reserve(&execs, sizeof(*exec), 0);

	if (!exec) {
		count(DOVETAP_EXEC_DROPPED);
		return;
	}
	exec->pid = pid;
	exec->usual = usual;
	exec->ended = ended;
	exec->cgroup_id = bpf_get_current_cgroup_id();
	__builtin_memcpy(exec->name, name, sizeof(exec->name));
	bpf_ringbuf_submit(exec, 0);
}

static __always_inline void report(const struct exec_name *name, bool usual)
{
	__u32 pid = process_number();

	/* It could not be recognised as unrelated: each start would end in a scan. */
	if (pid || usual)
		emit(name, pid, usual, false);
}

SEC("raw_tp")
int process_started(void *ctx)
{
	struct exec_name name = {};
	__u64 now;

	(void)ctx;
	bpf_get_current_comm(&name, sizeof(name));
	if (name_is_usual(&name)) {
		report(&name, true);
		return 0;
	}
	now = bpf_ktime_get_ns();
	if (name_is_unrelated(&name, now))
		return 0;
	if (may_print(now))
		report(&name, false);
	else
		count(DOVETAP_EXEC_UNASKED);
	return 0;
}

/* As in process.bpf.h; delivery agents come and go. */
static __always_inline bool name_is_masters(const struct exec_name *name)
{
	const __u64 first_seven = 0x00ffffffffffffffULL;

	return (name->words[0] & first_seven) == 0x00746f6365766f64ULL &&
	       name->words[1] != 0x61646cULL; /* dovecot-lda */
}

SEC("raw_tp")
int process_ended(void *ctx)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct exec_name name = {};

	(void)ctx;
	if (pid_tgid >> 32 != (__u32)pid_tgid)
		return 0; /* a thread */
	bpf_get_current_comm(&name, sizeof(name));
	if (name_is_masters(&name))
		emit(&name, 0, true, true);
	return 0;
}
