/* SPDX-License-Identifier: MIT */
#include "attach/exec_watch.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "attach/libbpf_log.h"
#include "base/clock.h"
#include "dovetap/exec.h"
#include "skel/exec.skel.h"

#define UNRELATED_NS   (10 * NS_PER_SEC)
#define NESTED_SLOTS   256
#define NESTED_MIN_NS  (200 * NS_PER_MSEC)
#define NESTED_MAX_NS  (60 * NS_PER_SEC)
#define PID_NS_INITIAL 0xEFFFFFFCU /* PROC_PID_INIT_INO, include/linux/proc_ns.h */

/* A control group whose processes have no number in our pid namespace. */
struct nested_group {
	uint64_t cgroup_id;
	int64_t until_ns;   /* no search for it before that */
	int64_t planned_ns; /* of the last one that was asked for */
	int64_t rest_ns;    /* after the next one */
};

struct exec_watch {
	struct exec_bpf *skel;
	struct bpf_link *started, *ended;
	struct ring_buffer *ring;
	exec_watch_fn *fn;
	void *ctx;
	uint64_t missed; /* already reported */
	struct nested_group nested[NESTED_SLOTS];
	int64_t search_ns;		   /* of what the last drain found; INT64_MAX: none */
	bool master_started, master_ended; /* the same */
};

/*
 * Each login in a container of a nested node starts programs of Dovecot's names, and one search
 * finds the files that they all map. The first ones may be a script's or begin before a library is
 * there, so there are more, each after twice the time.
 */
static void plan_search(struct exec_watch *watch, uint64_t cgroup_id)
{
	struct nested_group *group = &watch->nested[cgroup_id % NESTED_SLOTS];
	int64_t now = clock_monotonic_ns();

	if (group->cgroup_id != cgroup_id)
		*group = (struct nested_group){.cgroup_id = cgroup_id, .rest_ns = NESTED_MIN_NS};
	if (now < group->planned_ns) /* which finds this one, too */
		return;
	group->planned_ns = now < group->until_ns ? group->until_ns : now;
	group->until_ns = group->planned_ns + group->rest_ns;
	group->rest_ns = group->rest_ns < NESTED_MAX_NS / 2 ? group->rest_ns * 2 : NESTED_MAX_NS;
	watch->search_ns =
		group->planned_ns < watch->search_ns ? group->planned_ns : watch->search_ns;
}

static int take(void *ctx, void *data, size_t size)
{
	struct exec_watch *watch = ctx;
	const struct dovetap_exec *exec = data;

	if (size < sizeof(*exec))
		return 0;
	if (!exec->ended && strcmp(exec->name, "dovecot") == 0)
		watch->master_started = true;
	if (exec->ended)
		watch->master_ended = true;
	else if (exec->pid == 0)
		plan_search(watch, exec->cgroup_id);
	else
		watch->fn(watch->ctx, (pid_t)exec->pid, exec->usual ? NULL : exec->name);
	return 0;
}

/* In a nested pid namespace the kernel's numbers are not those of our /proc. The kernel's helper
 * takes the device as the kernel writes it. */
static int set_pid_namespace(struct exec_bpf *skel)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0)
		return -errno;
	if (st.st_ino == PID_NS_INITIAL)
		return 0;
	skel->rodata->pid_ns_device = (uint64_t)major(st.st_dev) << 20 | minor(st.st_dev);
	skel->rodata->pid_ns_inode = st.st_ino;
	return 0;
}

static int open_all(struct exec_watch *watch)
{
	int ret;

	watch->skel = exec_bpf__open();
	if (!watch->skel)
		return -errno;
	ret = set_pid_namespace(watch->skel);
	if (ret == 0)
		ret = exec_bpf__load(watch->skel);
	if (ret < 0)
		return ret;
	watch->started = bpf_program__attach_raw_tracepoint(watch->skel->progs.process_started,
							    "sched_process_exec");
	if (!watch->started)
		return -errno;
	watch->ended = bpf_program__attach_raw_tracepoint(watch->skel->progs.process_ended,
							  "sched_process_exit");
	if (!watch->ended)
		return -errno;
	watch->ring = ring_buffer__new(bpf_map__fd(watch->skel->maps.execs), take, watch, NULL);
	return watch->ring ? 0 : -errno;
}

int exec_watch_new(exec_watch_fn *fn, void *ctx, struct exec_watch **watch_r, struct error *error_r)
{
	struct exec_watch *watch = calloc(1, sizeof(*watch));
	int ret;

	if (!watch)
		return error_set(error_r, ENOMEM, "out of memory");
	watch->fn = fn;
	watch->ctx = ctx;
	libbpf_log_init();
	libbpf_log_clear();
	ret = open_all(watch);
	if (ret < 0) {
		error_set(error_r, -ret, "cannot watch for new processes: %s",
			  libbpf_log_last(-ret));
		exec_watch_free(&watch);
		return ret;
	}
	*watch_r = watch;
	return 0;
}

void exec_watch_free(struct exec_watch **watch)
{
	if (!*watch)
		return;
	ring_buffer__free((*watch)->ring);
	bpf_link__destroy((*watch)->started);
	bpf_link__destroy((*watch)->ended);
	exec_bpf__destroy((*watch)->skel);
	free(*watch);
	*watch = NULL;
}

int exec_watch_fd(const struct exec_watch *watch)
{
	return ring_buffer__epoll_fd(watch->ring);
}

void exec_watch_unrelated(const struct exec_watch *watch, const char *name)
{
	uint64_t until = (uint64_t)(clock_monotonic_ns() + UNRELATED_NS);
	char key[DOVETAP_EXEC_NAME_SIZE] = "";

	memcpy(key, name, strnlen(name, sizeof(key) - 1));
	bpf_map_update_elem(bpf_map__fd(watch->skel->maps.unrelated_names), key, &until, BPF_ANY);
}

static uint64_t count_missed(const struct exec_watch *watch)
{
	uint64_t sum = 0, value;

	for (uint32_t i = 0; i < DOVETAP_EXEC_COUNTS; i++) {
		if (bpf_map_lookup_elem(bpf_map__fd(watch->skel->maps.exec_counts), &i, &value) ==
		    0)
			sum += value;
	}
	return sum;
}

enum exec_watch_search exec_watch_drain(struct exec_watch *watch)
{
	uint64_t before = watch->missed;

	watch->search_ns = INT64_MAX;
	watch->master_started = watch->master_ended = false;
	ring_buffer__consume(watch->ring);
	watch->missed = count_missed(watch);
	if (watch->search_ns != INT64_MAX)
		return EXEC_WATCH_SEARCH_NESTED;
	return watch->missed != before ? EXEC_WATCH_SEARCH_SOON : EXEC_WATCH_SEARCH_NOT;
}

bool exec_watch_master_started(const struct exec_watch *watch)
{
	return watch->master_started;
}

bool exec_watch_master_ended(const struct exec_watch *watch)
{
	return watch->master_ended;
}

int64_t exec_watch_search_ns(const struct exec_watch *watch)
{
	return watch->search_ns;
}
