/* SPDX-License-Identifier: MIT */
/*
 * What the resolver leaves for the processes that run on: one sealed memory file (base/memfile.h).
 *
 *	struct resolution_settings	fixed size; for the attacher
 *	lists				packed (base/pack.h): the directory for pins, the roots to
 *					search, the operator's layouts as BTF; for the attacher
 *	configuration			packed; for the collector and the next resolver
 *					(cli/resolve.h). The attacher does not look into it.
 *
 * Reading is pure after the mapping: for invalid bytes it returns an error with what is wrong.
 */
#ifndef DOVETAP_PRIV_RESOLUTION_H
#define DOVETAP_PRIV_RESOLUTION_H

#include <stdint.h>

#include "base/error.h"
#include "base/pack.h"

#define RESOLUTION_MAGIC   "dovetap"
#define RESOLUTION_VERSION 2
#define RESOLUTION_MAX	   (128U << 20) /* bytes of all */

#define RESOLUTION_PATH_MAX    4096
#define RESOLUTION_ROOTS_MAX   16
#define RESOLUTION_LAYOUTS_MAX 64
#define RESOLUTION_ABI_MAX     80
#define RESOLUTION_BTF_MAX     (1U << 20) /* bytes of one layout */

struct resolution_settings {
	char magic[8];
	uint32_t version; /* RESOLUTION_VERSION */
	uint32_t size;	  /* of this struct */
	char release[32]; /* of dovetap: all processes are of one */
	uint64_t lists_size, configuration_size;
	uint64_t ring_bytes;		 /* a power of two */
	int64_t watchdog_ns;		 /* notify_watchdog_ns() of the main process */
	uint32_t uid, gid;		 /* of the collector; not 0 */
	uint32_t search_uid, search_gid; /* of the searcher; not 0 */
	uint32_t method;		 /* enum attach_method */
	uint32_t wanted_texts;
	uint32_t roles;
	uint32_t log_sink, log_level; /* enum log_sink, enum log_level */
	uint8_t processes;	      /* look at running processes, too */
	uint8_t fuse;		      /* take files on FUSE, too */
	uint8_t user_is_fallback;     /* priv/drop.h */
	uint8_t reserved;
	char user[64]; /* name of uid */
};

_Static_assert(sizeof(struct resolution_settings) == 184, "it moved: raise the version");

/* One of the operator's own. All point into the resolution. */
struct resolution_layout {
	const char *abi;
	const char *file; /* that it came from */
	struct slice btf;
};

/* As it was read; valid until resolution_close(). */
struct resolution {
	struct slice whole; /* mapped; NULL: not */
	char *copy;	    /* of the lists, or NULL */
	struct resolution_settings settings;
	const char *pin;			     /* "": none */
	const char *roots[RESOLUTION_ROOTS_MAX + 1]; /* ends with NULL */
	struct resolution_layout layouts[RESOLUTION_LAYOUTS_MAX];
	size_t layout_count;
	struct slice configuration;
};

/* Appends all of it. The magic, version, sizes and release of settings are filled in; whole is not
 * read. A failure stays in the buffer. */
void resolution_pack(const struct resolution *resolution, struct buf *out);

/* Checks the bytes, which must stay. -EINVAL: they are no resolution, or of another release. */
int resolution_unpack(struct slice bytes, struct resolution *resolution_r, struct error *error_r);

/* Maps the memory file and checks it. Errors as well those of memfile_map(). */
int resolution_open(int fd, struct resolution *resolution_r, struct error *error_r);

/* The same for the attacher, which keeps a copy of settings and lists and maps nothing: with the
 * configuration, which has secrets, it has nothing to do. */
int resolution_open_lists(int fd, struct resolution *resolution_r, struct error *error_r);

void resolution_close(struct resolution *resolution); /* a zeroed one, too */

#endif
