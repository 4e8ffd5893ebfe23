/* SPDX-License-Identifier: MIT */
/*
 * Whether a file is what a searcher reports, before a probe is set in it. The searcher has read
 * files that others made, and one of them may have taken it over; then it would name any file and
 * any place in it. So a process that has never seen another file reads this one, and compares:
 *
 *	attacher ── request with the file ──▶ verifier ── answer ──▶ attacher
 *
 * It must be a regular file with that inode number, no file on FUSE unless that is allowed, an ELF
 * file of that build id and ABI string, and have the functions of our own table at those offsets,
 * with that code. A file that takes its verifier over gets a probe in itself, at most.
 *
 * The process for the next file is started ahead, where one may come: its start takes longer than
 * all that it does. It waits for its request, and ends when none has come for a while.
 */
#ifndef DOVETAP_SEARCH_VERIFY_H
#define DOVETAP_SEARCH_VERIFY_H

#include <stdbool.h>

#include "base/error.h"
#include "search/binary.h"
#include "search/search.h"

#define VERIFY_PATIENCE_NS 2000000000LL

#define VERIFY_SPARE_NS	  2000000000LL /* how long one waits */
#define VERIFY_ENDING_MAX 16	       /* that were killed and have not ended: they hang */

struct verifier_process {
	pid_t pid;   /* 0: none */
	int channel; /* closed with it */
};

/* How to start one; as a searcher. What stands behind fuse is this module's, 0 at first. */
struct verify {
	int program; /* is executed with the argument "verify" and calls verifier_main() */
	enum search_rights rights;
	struct priv_user user; /* to become; uid 0: none */
	bool fuse;	       /* discover_options.fuse */

	struct verifier_process spare;
	int64_t spare_until_ns; /* monotonic; 0: there is none */
	pid_t ending[VERIFY_ENDING_MAX];
};

/* A file may come: starts a verifier ahead, if there is none. */
void verify_expect(struct verify *verify);

/* By this time of the monotonic clock, and often does no harm: ends the one that nobody needed, and
 * takes note of those that have ended. */
int64_t verify_due_ns(const struct verify *verify);
void verify_due(struct verify *verify);

/* Ends what runs. */
void verify_release(struct verify *verify);

/*
 * Waits for VERIFY_PATIENCE_NS at most. Returns 0; -EBADMSG when the file is something else;
 * -ETIMEDOUT when it cannot be read in that time; or the negative errno of what failed.
 */
int verify_binary(struct verify *verify, const struct binary *binary, struct error *error_r);

/* The same of a file that may be Dovecot's master, open with O_PATH (recognise.h). */
int verify_master(struct verify *verify, int fd, struct error *error_r);

/* The whole life of such a program. */
__attribute__((noreturn)) void verifier_main(void);

#endif
