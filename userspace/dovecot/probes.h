/* SPDX-License-Identifier: MIT */
/*
 * The probe table: role x release → function. Rows of a role are in order of preference; the
 * first whose releases fit and whose function exists and is alive in the file is taken. A row with
 * "companion_of" is no choice of its own: it completes the row of that function where it is alive,
 * too. All are entry probes, and all take the object (mail_user, auth_request, client) as first
 * argument.
 */
#ifndef DOVETAP_DOVECOT_PROBES_H
#define DOVETAP_DOVECOT_PROBES_H

#include <stddef.h>
#include <stdint.h>

#include "priv/proto.h"

/* Comparable release number; each part is at most 65535. */
#define PROBE_RELEASE(major, minor, patch)                                                         \
	((uint64_t)(major) << 32 | (uint64_t)(minor) << 16 | (uint64_t)(patch))

struct probe {
	enum priv_role role;
	const char *symbol;
	const char *program;	  /* of bpf/login.bpf.c */
	uint64_t first, last;	  /* releases, inclusive; 0 is open */
	const char *importers;	  /* executables that call it when the library itself does not: file
				* name suffix, or NULL */
	const char *companion_of; /* function that this row goes with, or NULL */
	const char *gate;	  /* Dovecot's flags by which the program recognises a login */
};

/* The file that carries a role's functions, as it is usually called. */
struct probe_file {
	enum priv_role role;
	const char *name; /* "libdovecot-storage.so.0" */
	const char *stem; /* "libdovecot-storage.so": it, or it and "." and more is the name */
};

extern const struct probe probe_table[];
extern const size_t probe_count;
extern const struct probe_file probe_files[];
extern const size_t probe_file_count;

/* The role of a file by its name, or of a library by its soname; 0 if it has none. */
enum priv_role probe_role_of_name(const char *name);

/*
 * Release of an ABI string: its x.y.ABIvZ; 0 if it is no such string. A git checkout's
 * (0.0.ABIv0) is taken for newer than every release.
 */
uint64_t probe_release(const char *abi);

/*
 * The next row of role for release behind previous (NULL: the first), or NULL.
 */
const struct probe *probe_next(enum priv_role role, uint64_t release, const struct probe *previous);

/* The same for the rows that go with the one chosen. */
const struct probe *probe_next_companion(const struct probe *chosen, uint64_t release,
					 const struct probe *previous);

#endif
