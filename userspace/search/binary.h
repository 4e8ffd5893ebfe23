/* SPDX-License-Identifier: MIT */
/*
 * One Dovecot file, examined: which ABI it has, whether there is a layout for it, and which
 * function its probe goes to; or why not. Nothing is attached here.
 */
#ifndef DOVETAP_SEARCH_BINARY_H
#define DOVETAP_SEARCH_BINARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "dovecot/probes.h"
#include "search/elf.h"
#include "search/file_id.h"

struct layout;

struct binary {
	enum priv_role role;
	int fd;	    /* of the file, O_PATH, owned; -1 when closed */
	char *path; /* as it was found, owned; "/proc/PID/root/..." in a container */
	struct file_id id;
	char abi[ABI_MAX];		 /* "" if it has none */
	const struct layout *layout;	 /* NULL if the ABI is unknown */
	const struct probe *probe;	 /* NULL if the build is refused */
	uint64_t offset;		 /* of the probe in the file */
	uint8_t code[ELF_FUNCTION_CODE]; /* what stood there */
	const struct probe *companion;	 /* goes with it (probes.h); NULL if there is none */
	uint64_t companion_offset;
	uint8_t companion_code[ELF_FUNCTION_CODE];
	bool unused;	      /* probe is NULL only because no importer is known */
	struct error refusal; /* why probe is NULL, and what to do */
};

/*
 * True if some executable in the file's directory imports symbol; called only for a library's
 * function that the library itself does not call.
 */
typedef bool binary_importer_fn(void *ctx, const char *suffix, const char *symbol);

/*
 * Examines fd, which build_r takes over on success only. A file that cannot be probed is a
 * success with build_r->probe NULL. Returns -ENOMEM or the errno of a failed read.
 */
int binary_examine(int fd, const char *path, enum priv_role role, binary_importer_fn *importer,
		   void *ctx, struct binary *build_r, struct error *error_r);

/* The same for a file that is not to be probed, for the reason in *error; nothing of it is read.
 * Errors take the reason's place. */
int binary_refuse(int fd, const char *path, enum priv_role role, struct error *error,
		  struct binary *build_r);

/*
 * True if both have a probe at the same offset on different instructions. The kernel keeps the
 * instruction of the first as long as there is a probe at that place, and would execute it for the
 * second.
 */
bool binary_collides(const struct binary *old, const struct binary *new);

/* What a watched binary cannot report ("refused authentications"), or NULL: the companion of its
 * fallback probe is never called there. */
const char *binary_blind_spot(const struct binary *binary);

void binary_release(struct binary *binary);

#endif
