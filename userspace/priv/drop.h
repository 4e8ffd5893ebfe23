/* SPDX-License-Identifier: MIT */
/*
 * Giving up rights, for good. The collector becomes an ordinary user without groups,
 * capabilities or a way back (no_new_privs) before it looks at a single captured byte; the
 * attacher keeps only the capabilities that its work needs.
 */
#ifndef DOVETAP_PRIV_DROP_H
#define DOVETAP_PRIV_DROP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define PRIV_DEFAULT_USER  "dovetap"
#define PRIV_FALLBACK_USER "nobody"
#define PRIV_SEARCH_USER   "dovetap-search" /* of the searcher; else the fallback */

struct priv_user {
	char name[64];
	uid_t uid;
	gid_t gid;
	bool fallback; /* the default user does not exist, so this is PRIV_FALLBACK_USER */
};

/*
 * Looks up name; NULL means PRIV_DEFAULT_USER or, if there is none, PRIV_FALLBACK_USER with
 * user_r->fallback set (worth a warning). A name that was asked for must exist and must not be
 * root: -ENOENT, -EINVAL.
 */
int priv_user_find(const char *name, struct priv_user *user_r, struct error *error_r);

/*
 * Becomes user: no supplementary groups, no capability in any set, no_new_privs. A process that
 * is unprivileged already and cannot change its user stays who it is. After an error the process
 * must exit, it may have lost half of its rights.
 */
int priv_drop(const struct priv_user *user, struct error *error_r);

/* What the attacher does decides what it keeps. */
enum priv_keep {
	PRIV_KEEP_ATTACH = 1 << 0,    /* BPF, PERFMON, SYS_PTRACE, DAC_READ_SEARCH, and
				       * CHECKPOINT_RESTORE (to open a mapped file that is gone) */
	PRIV_KEEP_PERF = 1 << 1,      /* SYS_ADMIN, for perf-event uprobes */
	PRIV_KEEP_COLLECTOR = 1 << 2, /* SETUID, SETGID, SETPCAP, KILL: start and stop one */
	PRIV_KEEP_MEMLOCK = 1 << 3,   /* SYS_RESOURCE: locked memory, on kernels before 5.11 */
	PRIV_KEEP_SEARCH = 1 << 4,    /* of ATTACH, what only looks: SYS_PTRACE, DAC_READ_SEARCH,
				       * CHECKPOINT_RESTORE */
};

/*
 * Keeps of the capabilities the process has only those of keep (bits of enum priv_keep), in the
 * bounding set as well, and none that an exec would hand on. SYS_ADMIN also stays where it stands
 * in for BPF and PERFMON.
 */
int priv_keep(unsigned int keep, struct error *error_r);

/*
 * The same as another user, without groups: capabilities that read remain, and with them no file of
 * root's can be written, as its owner could. user.uid 0, or a process that cannot change its user:
 * as priv_keep().
 */
int priv_keep_as(const struct priv_user *user, unsigned int keep, struct error *error_r);

/* The searcher's user: PRIV_SEARCH_USER, or PRIV_FALLBACK_USER with user_r->fallback set. */
int priv_search_user_find(struct priv_user *user_r, struct error *error_r);

/* Those, by bit number. */
uint64_t priv_keep_mask(unsigned int keep);

#endif
