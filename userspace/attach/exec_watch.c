/* SPDX-License-Identifier: MIT */
#include "attach/exec_watch.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "attach/libbpf_log.h"
#include "base/clock.h"
#include "dovetap/exec.h"
#include "skel/exec.skel.h"

#define UNRELATED_NS (10 * NS_PER_SEC)

struct exec_watch {
	struct exec_bpf *skel;
	struct bpf_link *link;
	struct ring_buffer *ring;
	exec_watch_fn *fn;
	void *ctx;
	uint64_t missed; /* already reported */
};

static int take(void *ctx, void *data, size_t size)
{
	const struct exec_watch *watch = ctx;
	const struct dovetap_exec *exec = data;

	if (size >= sizeof(*exec))
		watch->fn(watch->ctx, (pid_t)exec->pid, exec->usual ? NULL : exec->name);
	return 0;
}

static int open_all(struct exec_watch *watch)
{
	watch->skel = exec_bpf__open_and_load();
	if (!watch->skel)
		return -errno;
	watch->link = bpf_program__attach_raw_tracepoint(watch->skel->progs.process_started,
							 "sched_process_exec");
	if (!watch->link)
		return -errno;
	watch->ring = ring_buffer__new(bpf_map__fd(watch->skel->maps.execs), take, watch, NULL);
	return watch->ring ? 0 : -errno;
}

int exec_watch_new(exec_watch_fn *fn, void *ctx, struct exec_watch **watch_r, struct error *error_r)
{
	struct exec_watch *watch = calloc(1, sizeof(*watch));
	int err;

	if (!watch)
		return error_set(error_r, ENOMEM, "out of memory");
	watch->fn = fn;
	watch->ctx = ctx;
	libbpf_log_init();
	libbpf_log_clear();
	err = open_all(watch);
	if (err < 0) {
		error_set(error_r, -err, "cannot watch for new processes: %s",
			  libbpf_log_last(-err));
		exec_watch_free(&watch);
		return err;
	}
	*watch_r = watch;
	return 0;
}

void exec_watch_free(struct exec_watch **watch)
{
	if (!*watch)
		return;
	ring_buffer__free((*watch)->ring);
	bpf_link__destroy((*watch)->link);
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

bool exec_watch_drain(struct exec_watch *watch)
{
	uint64_t missed, before = watch->missed;

	ring_buffer__consume(watch->ring);
	missed = count_missed(watch);
	watch->missed = missed;
	return missed != before;
}
