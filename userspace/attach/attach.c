/* SPDX-License-Identifier: MIT */
#include "attach/attach.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/kernel_types.h"
#include "attach/libbpf_log.h"
#include "attach/multi.h"
#include "attach/own_stack.h"
#include "base/fnv.h"
#include "base/log.h"
#include "dovecot/layout.h"
#include "skel/login.skel.h"

#define RING_BYTES_DEFAULT (4U << 20)
#define LOADED_MAX	   256 /* roles of different Dovecot releases on one host, or files */
#define FD_PATH_MAX	   32  /* of "/proc/self/fd/N" */

/* Has no more than the programs of one probe: each takes the kernel's verifier tens of
 * milliseconds, in which logins of a Dovecot that has just started pass by. */
struct loaded {
	const struct layout *layout;
	const struct probe *probe, *companion; /* the latter may be NULL */
	uint64_t file;			       /* the only one that it serves; 0: any */
	struct login_bpf *skel;
};

struct loader {
	struct loader_options options;
	const struct maps *maps;
	struct maps own; /* unless they are somebody else's */
	struct loaded loaded[LOADED_MAX];
	size_t count;
	bool cookies; /* the kernel keeps a number with each link, and gives it to the program */
	struct kernel_facts kernel;
};

/* One function. */
struct hook {
	int fd;			/* of a multi link or one that was there; else -1 */
	struct bpf_link *event; /* of a perf event; else NULL */
};

struct link {
	struct hook hooks[LINK_HOOKS]; /* the probe, the one beside it */
};

struct bpf_object *loader_open_programs(void)
{
	size_t size;
	const void *bytes = login_bpf__elf_bytes(&size);

	return bpf_object__open_mem(bytes, size, NULL);
}

static void fd_path(char path_r[FD_PATH_MAX], int fd)
{
	snprintf(path_r, FD_PATH_MAX, "/proc/self/fd/%d", fd);
}

/* Without it every record is taken, and none is proved. */
static void know_kernel(struct loader *loader)
{
	struct error error = {0};

	kernel_facts_find(&loader->kernel, &error);
	if (loader->kernel.reads == DOVETAP_KERNEL_NOT)
		log_warning("no record can be proved to come from Dovecot: %s", error.text);
}

int loader_new(const struct loader_options *options, struct loader **loader_r,
	       struct error *error_r)
{
	struct loader *loader = calloc(1, sizeof(*loader));
	int ret = 0;

	if (!loader)
		return error_set(error_r, ENOMEM, "out of memory");
	libbpf_log_init();
	loader->options = *options;
	loader->cookies =
		libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie, NULL) > 0;
	loader->own = (struct maps)MAPS_NONE;
	loader->maps = options->maps ? options->maps : &loader->own;
	if (loader->options.ring_bytes == 0)
		loader->options.ring_bytes = RING_BYTES_DEFAULT;
	if (loader->options.method == ATTACH_AUTO)
		loader->options.method = multi_supported() ? ATTACH_MULTI : ATTACH_PERF;
	if (!options->maps)
		ret = maps_open(&loader->own, loader->options.ring_bytes, NULL, NULL, error_r);
	if (ret < 0) {
		loader_free(&loader);
		return ret;
	}
	know_kernel(loader);
	*loader_r = loader;
	return 0;
}

void loader_free(struct loader **loader)
{
	if (!*loader)
		return;
	for (size_t i = 0; i < (*loader)->count; i++)
		login_bpf__destroy((*loader)->loaded[i].skel);
	maps_close(&(*loader)->own);
	free(*loader);
	*loader = NULL;
}

const struct kernel_facts *loader_kernel(const struct loader *loader)
{
	return &loader->kernel;
}

const char *attach_method_name(enum attach_method method)
{
	static const char *const names[] = {
		[ATTACH_AUTO] = "any that the kernel has",
		[ATTACH_MULTI] = "uprobe_multi",
		[ATTACH_PERF] = "perf event",
	};

	return names[method];
}

enum attach_method loader_method(const struct loader *loader)
{
	return loader->options.method;
}

int loader_ring_fd(const struct loader *loader)
{
	return loader->maps->ring_fd;
}

int loader_counters_fd(const struct loader *loader)
{
	return loader->maps->counters_fd;
}

static bool is_program_of(const struct probe *probe, const struct bpf_program *program)
{
	return probe && strcmp(probe->program, bpf_program__name(program)) == 0;
}

static void choose_programs(const struct loader *loader, const struct binary *binary,
			    struct login_bpf *skel)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, skel->obj)
	{
		bpf_program__set_autoload(program,
					  is_program_of(binary->probe, program) ||
						  is_program_of(binary->companion, program));
		if (loader->options.method == ATTACH_MULTI)
			bpf_program__set_expected_attach_type(program, MULTI_ATTACH_TYPE);
	}
}

/* Without it, the programs have no use for the map, which an old kernel could not make. */
static int use_descents(const struct loader *loader, struct login_bpf *skel)
{
	skel->rodata->descents_kept = loader->maps->descents_fd >= 0;
	if (loader->maps->descents_fd < 0)
		return bpf_map__set_autocreate(skel->maps.descents, false);
	return bpf_map__reuse_fd(skel->maps.descents, loader->maps->descents_fd);
}

/* file is the only one that it is for; 0: any. */
static int prepare(const struct loader *loader, const struct binary *binary, uint64_t file,
		   struct login_bpf *skel)
{
	int ret;

	ret = bpf_map__reuse_fd(skel->maps.events, loader->maps->ring_fd);
	if (ret == 0)
		ret = bpf_map__reuse_fd(skel->maps.counters, loader->maps->counters_fd);
	if (ret == 0)
		ret = bpf_map__reuse_fd(skel->maps.masters, loader->maps->masters_fd);
	if (ret == 0)
		ret = use_descents(loader, skel);
	if (ret < 0)
		return ret;
	if (loader->options.wanted_texts != 0)
		skel->rodata->wanted_texts = loader->options.wanted_texts;
	skel->rodata->file_key = file;
	skel->rodata->kernel_reads = loader->kernel.reads;
	memcpy((void *)skel->rodata->kernel_offsets, loader->kernel.offsets,
	       sizeof(loader->kernel.offsets));
	skel->rodata->own_pid_ns = loader->kernel.own_pid_ns;
	skel->rodata->cgroup_v1_mark = loader->kernel.cgroup_v1_mark;
	memcpy((void *)skel->rodata->cgroup_v1_offsets, loader->kernel.cgroup_v1_offsets,
	       sizeof(loader->kernel.cgroup_v1_offsets));
	choose_programs(loader, binary, skel);
	return login_bpf__load(skel);
}

static int load(struct loader *loader, const struct binary *binary, uint64_t file,
		struct login_bpf **skel_r, struct error *error_r)
{
	char path[LAYOUT_PATH_MAX];
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = path);
	struct login_bpf *skel = NULL;
	int fd, ret;

	fd = layout_open(binary->layout, path, error_r);
	if (fd < 0)
		return fd;
	libbpf_log_clear();
	skel = login_bpf__open_opts(&options);
	ret = skel ? prepare(loader, binary, file, skel) : -errno;
	close(fd);
	if (!skel || ret != 0)
		ret = error_set(error_r, ret < 0 ? -ret : EINVAL, "%s",
				libbpf_log_last(ret < 0 ? -ret : EINVAL));
	else
		ret = own_stack_check_all(skel->obj, error_r);
	if (ret == 0) {
		*skel_r = skel;
		return 0;
	}
	login_bpf__destroy(skel);
	return error_prefix(error_r, "cannot load the BPF programs");
}

static bool serves(const struct loaded *loaded, const struct binary *binary, uint64_t file)
{
	return loaded->layout->btf == binary->layout->btf && loaded->probe == binary->probe &&
	       loaded->companion == binary->companion && loaded->file == file;
}

/* The object for a layout and probe, loaded when it is first asked for; releases may share a
 * layout. Without cookies, each file has its own. */
static int skel_for(struct loader *loader, const struct binary *binary, struct login_bpf **skel_r,
		    struct error *error_r)
{
	uint64_t file = loader->cookies ? 0 : loader_file_key(binary);
	int ret;

	for (size_t i = 0; i < loader->count; i++) {
		if (serves(&loader->loaded[i], binary, file)) {
			*skel_r = loader->loaded[i].skel;
			return 0;
		}
	}
	if (loader->count == LOADED_MAX)
		return error_set(error_r, ENOSPC,
				 "more than %d probes of different Dovecot releases at once",
				 LOADED_MAX);
	ret = load(loader, binary, file, skel_r, error_r);
	if (ret < 0)
		return ret;
	loader->loaded[loader->count++] =
		(struct loaded){binary->layout, binary->probe, binary->companion, file, *skel_r};
	return 0;
}

static const struct probe *hook_probe(const struct binary *binary, size_t hook)
{
	return hook == 0 ? binary->probe : binary->companion;
}

static uint64_t hook_offset(const struct binary *binary, size_t hook)
{
	return hook == 0 ? binary->offset : binary->companion_offset;
}

/* Another build has another id; without one it is another file. */
static uint64_t build_sum(const struct file_id *id)
{
	uint64_t sum;

	if (id->build_id_len > 0)
		return fnv(FNV_START, id->build_id, id->build_id_len);
	sum = fnv(FNV_START, &id->ino, sizeof(id->ino));
	sum = fnv(sum, &id->ctime_ns, sizeof(id->ctime_ns));
	return fnv(sum, &id->size, sizeof(id->size));
}

uint64_t loader_file_key(const struct binary *binary)
{
	const uint32_t role = binary->role;
	uint64_t sum = build_sum(&binary->id);

	sum = fnv(sum, &role, sizeof(role));
	sum = fnv(sum, binary->layout->btf, binary->layout->btf_size);
	return sum != 0 ? sum : 1;
}

uint64_t loader_generation(const struct loader *loader, const struct binary *binary, size_t hook)
{
	const struct probe *probe = hook_probe(binary, hook);
	const uint64_t numbers[] = {
		loader->maps->ring_id,	       loader->maps->counters_id,
		loader->options.method,	       loader->options.wanted_texts,
		hook_offset(binary, hook),     loader_file_key(binary),
		loader->maps->descents_id,     loader->maps->masters_id,
		loader->kernel.cgroup_v1_mark,
	};
	uint64_t sum;
	size_t size;
	const void *object = login_bpf__elf_bytes(&size);

	if (!probe)
		return 0;
	sum = fnv(FNV_START, object, size);
	sum = fnv(sum, probe->program, strlen(probe->program));
	return fnv(sum, numbers, sizeof(numbers));
}

static int hook_make(const struct loader *loader, const struct login_bpf *skel,
		     const struct binary *binary, size_t hook, struct hook *hook_r)
{
	const struct bpf_program *found =
		bpf_object__find_program_by_name(skel->obj, hook_probe(binary, hook)->program);
	uint64_t cookie = loader->cookies ? loader_file_key(binary) : 0;
	uint64_t offset = hook_offset(binary, hook);
	LIBBPF_OPTS(bpf_uprobe_opts, options, .bpf_cookie = cookie);
	char path[FD_PATH_MAX];

	if (!found || bpf_program__fd(found) < 0)
		return -ENOENT;
	fd_path(path, binary->fd);
	if (loader->options.method == ATTACH_MULTI) {
		hook_r->fd = multi_link(bpf_program__fd(found), path, offset, cookie);
		return hook_r->fd < 0 ? hook_r->fd : 0;
	}
	hook_r->event = bpf_program__attach_uprobe_opts(found, -1, path, offset, &options);
	return hook_r->event ? 0 : -errno;
}

static void hook_release(struct hook *hook)
{
	if (hook->fd >= 0)
		close(hook->fd);
	bpf_link__destroy(hook->event);
}

static int hook_error(const struct probe *probe, int ret, struct error *error_r)
{
	return error_set(error_r, -ret, "cannot attach %s to %s: %s", probe->program, probe->symbol,
			 libbpf_log_last(-ret));
}

static int attach_hook(struct loader *loader, const struct binary *binary, size_t hook,
		       struct link *link, struct error *error_r)
{
	const struct probe *probe = hook_probe(binary, hook);
	struct login_bpf *skel = NULL;
	int ret = skel_for(loader, binary, &skel, error_r);

	if (ret < 0)
		return ret;
	assert(skel);
	libbpf_log_clear();
	ret = hook_make(loader, skel, binary, hook, &link->hooks[hook]);
	return ret < 0 ? hook_error(probe, ret, error_r) : 0;
}

int loader_adopt(struct loader *loader, const struct binary *binary, const int there[LINK_HOOKS],
		 struct link **link_r, struct error *error_r)
{
	struct link *link = calloc(1, sizeof(*link));
	int ret = 0;

	for (size_t i = 0; link && i < LINK_HOOKS; i++)
		link->hooks[i].fd = there[i];
	for (size_t i = 0; link && i < LINK_HOOKS && ret == 0; i++) {
		if (there[i] < 0 && hook_probe(binary, i))
			ret = attach_hook(loader, binary, i, link, error_r);
	}
	if (!link)
		return error_set(error_r, ENOMEM, "out of memory");
	if (ret < 0)
		link_detach(&link);
	else
		*link_r = link;
	return ret;
}

int loader_attach(struct loader *loader, const struct binary *binary, struct link **link_r,
		  struct error *error_r)
{
	static const int nothing[LINK_HOOKS] = {-1, -1};

	return loader_adopt(loader, binary, nothing, link_r, error_r);
}

int link_fd(const struct link *link, size_t hook)
{
	const struct hook *one = &link->hooks[hook];

	return one->event ? bpf_link__fd(one->event) : one->fd;
}

void link_detach(struct link **link)
{
	if (!*link)
		return;
	for (size_t i = 0; i < LINK_HOOKS; i++)
		hook_release(&(*link)->hooks[i]);
	free(*link);
	*link = NULL;
}

/* libbpf would switch an event off. Its descriptors stay open: who leaves is about to end. */
void link_leave(struct link **link)
{
	if (!*link)
		return;
	for (size_t i = 0; i < LINK_HOOKS; i++) {
		if ((*link)->hooks[i].event)
			bpf_link__disconnect((*link)->hooks[i].event);
	}
	link_detach(link);
}
