/* SPDX-License-Identifier: MIT */
#include "attach/descents.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/libbpf_log.h"
#include "attach/own_stack.h"
#include "skel/descent.skel.h"

struct descents {
	struct descent_bpf *skel;
	struct bpf_link *executed;
};

static bool is_supported(const struct kernel_facts *kernel)
{
	return kernel->reads != DOVETAP_KERNEL_NOT &&
	       libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL) > 0 &&
	       libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_task_storage_get, NULL) > 0 &&
	       libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_current_task_btf, NULL) >
		       0;
}

static int load(struct descents *descents, const struct kernel_facts *kernel,
		const struct maps *maps)
{
	struct descent_bpf *skel = descent_bpf__open();
	int ret = 0;

	descents->skel = skel;
	if (!skel)
		return -errno;
	skel->rodata->kernel_reads = kernel->reads;
	memcpy((void *)skel->rodata->kernel_offsets, kernel->offsets, sizeof(kernel->offsets));
	skel->rodata->own_pid_ns = kernel->own_pid_ns;
	if (maps->masters_fd >= 0)
		ret = bpf_map__reuse_fd(skel->maps.masters, maps->masters_fd);
	if (ret == 0 && maps->descents_fd >= 0)
		ret = bpf_map__reuse_fd(skel->maps.descents, maps->descents_fd);
	if (ret == 0)
		ret = descent_bpf__load(skel);
	return ret;
}

/* Reading runs the program once for each task; it prints nothing. */
static int look_at_all(const struct descents *descents)
{
	struct bpf_link *link = bpf_program__attach_iter(descents->skel->progs.each_process, NULL);
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -errno, ret = 0;
	char none[64];

	if (fd < 0)
		ret = fd;
	else if (read(fd, none, sizeof(none)) < 0)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return ret;
}

/* What starts while all are looked at must not be missed: first the one, then the other. */
static int begin(struct descents *descents)
{
	descents->executed = bpf_program__attach_raw_tracepoint(
		descents->skel->progs.program_executed, "sched_process_exec");
	return descents->executed ? look_at_all(descents) : -errno;
}

int descents_new(const struct kernel_facts *kernel, struct maps *maps, struct fd_stores *fd_stores,
		 struct descents **descents_r, struct error *error_r)
{
	struct descents *descents;
	int ret, refused = 0;

	if (!is_supported(kernel))
		return error_set(error_r, ENOTSUP, "this kernel cannot (Linux 5.12 can)");
	descents = calloc(1, sizeof(*descents));
	if (!descents)
		return error_set(error_r, ENOMEM, "out of memory");
	libbpf_log_clear();
	ret = load(descents, kernel, maps);
	if (ret == 0)
		ret = refused = own_stack_check_all(descents->skel->obj, error_r);
	if (ret == 0)
		ret = maps_take_descents(maps, bpf_map__fd(descents->skel->maps.descents),
					 fd_stores);
	if (ret == 0)
		ret = begin(descents);
	if (ret < 0 && !refused)
		error_set(error_r, -ret, "%s", libbpf_log_last(-ret));
	if (ret < 0) {
		descents_free(&descents);
		return ret;
	}
	*descents_r = descents;
	return 0;
}

void descents_look_again(const struct descents *descents)
{
	if (descents)
		(void)look_at_all(descents);
}

void descents_free(struct descents **descents)
{
	if (!*descents)
		return;
	bpf_link__destroy((*descents)->executed);
	descent_bpf__destroy((*descents)->skel);
	free(*descents);
	*descents = NULL;
}
