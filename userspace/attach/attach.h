/* SPDX-License-Identifier: MIT */
/*
 * Loads the BPF programs, once for each layout in use, and links them to functions. All loaded
 * objects share one ring buffer and one counters map (maps.h).
 */
#ifndef DOVETAP_ATTACH_ATTACH_H
#define DOVETAP_ATTACH_ATTACH_H

#include <stddef.h>
#include <stdint.h>

#include "attach/maps.h"
#include "base/error.h"
#include "search/binary.h"

enum attach_method {
	ATTACH_AUTO,  /* multi where the kernel has it */
	ATTACH_MULTI, /* uprobe_multi link (6.6): CAP_BPF and CAP_PERFMON */
	ATTACH_PERF,  /* perf event: CAP_SYS_ADMIN on current kernels */
};

const char *attach_method_name(enum attach_method method); /* as people know it */

struct loader_options {
	enum attach_method method;
	const struct maps *maps; /* the owner's; NULL: new ones */
	size_t ring_bytes; /* of new ones: a power of two, multiple of the page size; 0: 4 MiB */
	uint32_t wanted_texts; /* knob of bpf/maps.bpf.h; 0 leaves its default */
};

struct bpf_object;
struct kernel_facts;
struct loader;

/* The login programs, opened and not loaded, for those who read their types. The caller closes it.
 * NULL with errno set on failure. */
struct bpf_object *loader_open_programs(void);

/* Creates the maps. Returns 0, or a negative errno: -EPERM names the missing capability. */
int loader_new(const struct loader_options *options, struct loader **loader_r,
	       struct error *error_r);
void loader_free(struct loader **loader); /* detach first */

enum attach_method loader_method(const struct loader *loader);	       /* never ATTACH_AUTO */
const struct kernel_facts *loader_kernel(const struct loader *loader); /* as long as it lives */
int loader_ring_fd(const struct loader *loader);
int loader_counters_fd(const struct loader *loader);

/*
 * One probe in one file, with the one that goes beside it: its hooks. It fires from loader_attach()
 * to link_detach(), or to the end of the process and of everybody else who has its descriptors.
 */
struct link;

#define LINK_HOOKS 2 /* at most */

/* build->probe must be set. */
int loader_attach(struct loader *loader, const struct binary *binary, struct link **link_r,
		  struct error *error_r);
void link_detach(struct link **link); /* takes the kernel some 70 ms */

/*
 * What the records of a file have as their origin (dovetap/event.h): a number for its build, its
 * role and the layout that it is read with; never 0. Copies of one build have the same.
 */
uint64_t loader_file_key(const struct binary *binary);

/*
 * Of the hook that loader_attach() would make: a number for its program, the program's settings,
 * and the maps it writes into. An equal one of an earlier process does the very same. 0: there is
 * no such hook.
 */
uint64_t loader_generation(const struct loader *loader, const struct binary *binary, size_t hook);

/* The same as loader_attach(), with hooks that are there already: their descriptors, or -1. They
 * are taken over, also on failure. */
int loader_adopt(struct loader *loader, const struct binary *binary, const int there[LINK_HOOKS],
		 struct link **link_r, struct error *error_r);

/* Descriptor of a hook, -1 if there is none. */
int link_fd(const struct link *link, size_t hook);

/* Releases the memory; the probe goes on as long as somebody has its descriptors. */
void link_leave(struct link **link);

#endif
