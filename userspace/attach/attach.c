/* SPDX-License-Identifier: MIT */
#include "attach/attach.h"

#include "attach/layout.h"
#include "attach/libbpf_say.h"
#include "attach/multi.h"

#include "dovetap/counters.h"
#include "skel/login.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RING_BYTES_DEFAULT (4U << 20)
#define LAYOUTS_MAX	   32 /* different Dovecot releases on one host */
#define FD_PATH_MAX	   32 /* of "/proc/self/fd/N" */

struct loaded {
	const struct layout *layout;
	struct login_bpf *skel;
};

struct loader {
	struct loader_options options;
	int ring_fd, counters_fd;
	struct loaded loaded[LAYOUTS_MAX];
	size_t count;
};

/* One function. */
struct hook {
	int fd;			/* of a multi link; else -1 */
	struct bpf_link *event; /* of a perf event; else NULL */
};

struct link {
	struct hook probe, beside;
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

static uint32_t counters_entries(int cpus)
{
	return DOVETAP_COUNTER_STRIDE * (1 + (uint32_t)cpus);
}

static int create_counters(struct loader *loader, struct error *error_r)
{
	LIBBPF_OPTS(bpf_map_create_opts, mmapable, .map_flags = BPF_F_MMAPABLE);
	int cpus = libbpf_num_possible_cpus(), err = cpus;
	uint64_t value = (uint64_t)cpus;
	uint32_t first = 0;

	if (cpus > 0) {
		loader->counters_fd =
			bpf_map_create(BPF_MAP_TYPE_ARRAY, "counters", sizeof(first), sizeof(value),
				       counters_entries(cpus), &mmapable);
		err = loader->counters_fd;
	}
	if (err >= 0)
		err = bpf_map_update_elem(loader->counters_fd, &first, &value, BPF_ANY);
	return err < 0 ? error_set(error_r, -err, "cannot create the counters: %s", strerror(-err))
		       : 0;
}

static int create_maps(struct loader *loader, struct error *error_r)
{
	loader->ring_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "events", 0, 0,
					 (uint32_t)loader->options.ring_bytes, NULL);
	if (loader->ring_fd < 0)
		return error_set(error_r, -loader->ring_fd,
				 "cannot create a ring buffer of %zu bytes: %s",
				 loader->options.ring_bytes, strerror(-loader->ring_fd));
	return create_counters(loader, error_r);
}

int loader_new(const struct loader_options *options, struct loader **loader_r,
	       struct error *error_r)
{
	struct loader *loader = calloc(1, sizeof(*loader));
	int err;

	if (!loader)
		return error_set(error_r, ENOMEM, "out of memory");
	libbpf_say_init();
	loader->options = *options;
	loader->ring_fd = loader->counters_fd = -1;
	if (loader->options.ring_bytes == 0)
		loader->options.ring_bytes = RING_BYTES_DEFAULT;
	if (loader->options.method == ATTACH_AUTO)
		loader->options.method = multi_supported() ? ATTACH_MULTI : ATTACH_PERF;
	err = create_maps(loader, error_r);
	if (err < 0) {
		loader_free(&loader);
		return err;
	}
	*loader_r = loader;
	return 0;
}

void loader_free(struct loader **loader)
{
	if (!*loader)
		return;
	for (size_t i = 0; i < (*loader)->count; i++)
		login_bpf__destroy((*loader)->loaded[i].skel);
	if ((*loader)->ring_fd >= 0)
		close((*loader)->ring_fd);
	if ((*loader)->counters_fd >= 0)
		close((*loader)->counters_fd);
	free(*loader);
	*loader = NULL;
}

enum attach_method loader_method(const struct loader *loader)
{
	return loader->options.method;
}

int loader_ring_fd(const struct loader *loader)
{
	return loader->ring_fd;
}

int loader_counters_fd(const struct loader *loader)
{
	return loader->counters_fd;
}

/* Programs of roles that nobody wants are not loaded. */
static void choose_programs(const struct loader *loader, struct login_bpf *skel)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, skel->obj)
	{
		bpf_program__set_autoload(program, false);
		if (loader->options.method == ATTACH_MULTI)
			bpf_program__set_expected_attach_type(program, MULTI_ATTACH_TYPE);
	}
	for (size_t i = 0; i < probe_count; i++) {
		program = bpf_object__find_program_by_name(skel->obj, probe_table[i].program);
		if (program && (loader->options.roles & PRIV_ROLE_BIT(probe_table[i].role)))
			bpf_program__set_autoload(program, true);
	}
}

static int prepare(const struct loader *loader, struct login_bpf *skel)
{
	int err;

	err = bpf_map__reuse_fd(skel->maps.events, loader->ring_fd);
	if (err == 0)
		err = bpf_map__reuse_fd(skel->maps.counters, loader->counters_fd);
	if (err < 0)
		return err;
	if (loader->options.wanted_texts != 0)
		skel->rodata->wanted_texts = loader->options.wanted_texts;
	choose_programs(loader, skel);
	return login_bpf__load(skel);
}

static int load(struct loader *loader, const struct layout *layout, struct login_bpf **skel_r,
		struct error *error_r)
{
	char path[LAYOUT_PATH_MAX];
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = path);
	struct login_bpf *skel = NULL;
	int fd, err;

	fd = layout_open(layout, path, error_r);
	if (fd < 0)
		return fd;
	libbpf_say_forget();
	skel = login_bpf__open_opts(&options);
	err = skel ? prepare(loader, skel) : -errno;
	close(fd);
	if (err < 0) {
		login_bpf__destroy(skel);
		return error_set(error_r, -err, "cannot load the BPF programs: %s",
				 libbpf_said(-err));
	}
	*skel_r = skel;
	return 0;
}

/* The object for layout, loaded when it is first asked for; releases may share a layout. */
static int skel_for(struct loader *loader, const struct layout *layout, struct login_bpf **skel_r,
		    struct error *error_r)
{
	int err;

	for (size_t i = 0; i < loader->count; i++) {
		if (loader->loaded[i].layout->btf == layout->btf) {
			*skel_r = loader->loaded[i].skel;
			return 0;
		}
	}
	if (loader->count == LAYOUTS_MAX)
		return error_set(error_r, ENOSPC, "more than %d Dovecot releases at once",
				 LAYOUTS_MAX);
	err = load(loader, layout, skel_r, error_r);
	if (err < 0)
		return err;
	loader->loaded[loader->count++] = (struct loaded){layout, *skel_r};
	return 0;
}

static int hook_make(enum attach_method method, const struct login_bpf *skel, const char *program,
		     int file, uint64_t offset, struct hook *hook_r)
{
	const struct bpf_program *found = bpf_object__find_program_by_name(skel->obj, program);
	char path[FD_PATH_MAX];

	if (!found || bpf_program__fd(found) < 0)
		return -ENOENT;
	fd_path(path, file);
	if (method == ATTACH_MULTI) {
		hook_r->fd = multi_link(bpf_program__fd(found), path, offset);
		return hook_r->fd < 0 ? hook_r->fd : 0;
	}
	hook_r->event = bpf_program__attach_uprobe(found, false, -1, path, offset);
	return hook_r->event ? 0 : -errno;
}

static void hook_release(struct hook *hook)
{
	if (hook->fd >= 0)
		close(hook->fd);
	bpf_link__destroy(hook->event);
}

static int hook_error(const struct probe *probe, int err, struct error *error_r)
{
	return error_set(error_r, -err, "cannot attach %s to %s: %s", probe->program, probe->symbol,
			 libbpf_said(-err));
}

static int attach_hooks(enum attach_method method, const struct login_bpf *skel,
			const struct build *build, struct link *link, struct error *error_r)
{
	int err;

	libbpf_say_forget();
	err = hook_make(method, skel, build->probe->program, build->fd, build->offset,
			&link->probe);
	if (err < 0)
		return hook_error(build->probe, err, error_r);
	if (build->beside)
		err = hook_make(method, skel, build->beside->program, build->fd,
				build->beside_offset, &link->beside);
	return err < 0 ? hook_error(build->beside, err, error_r) : 0;
}

int loader_attach(struct loader *loader, const struct build *build, struct link **link_r,
		  struct error *error_r)
{
	struct login_bpf *skel = NULL;
	struct link *link;
	int err;

	err = skel_for(loader, build->layout, &skel, error_r);
	if (err < 0)
		return err;
	link = calloc(1, sizeof(*link));
	if (!link)
		return error_set(error_r, ENOMEM, "out of memory");
	link->probe.fd = link->beside.fd = -1;
	err = attach_hooks(loader->options.method, skel, build, link, error_r);
	if (err < 0)
		link_detach(&link);
	else
		*link_r = link;
	return err;
}

void link_detach(struct link **link)
{
	if (!*link)
		return;
	hook_release(&(*link)->probe);
	hook_release(&(*link)->beside);
	free(*link);
	*link = NULL;
}
