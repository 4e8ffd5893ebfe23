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
 */
#ifndef DOVETAP_SEARCH_VERIFY_H
#define DOVETAP_SEARCH_VERIFY_H

#include <stdbool.h>

#include "base/error.h"
#include "search/binary.h"
#include "search/search.h"

#define VERIFY_PATIENCE_NS 2000000000LL

/* How to start one; as a searcher. */
struct verify {
	int program; /* is executed with the argument "verify" and calls verifier_main() */
	enum search_rights rights;
	struct priv_user user; /* to become; uid 0: none */
	bool fuse;	       /* discover_options.fuse */
};

/*
 * Waits for VERIFY_PATIENCE_NS at most. Returns 0; -EBADMSG when the file is something else;
 * -ETIMEDOUT when it cannot be read in that time; or the negative errno of what failed.
 */
int verify_binary(const struct verify *verify, const struct binary *binary, struct error *error_r);

/* The whole life of such a program. */
__attribute__((noreturn)) void verifier_main(void);

#endif
