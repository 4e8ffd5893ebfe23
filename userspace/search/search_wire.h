/* SPDX-License-Identifier: MIT */
/* The messages between a searcher and its owner (search.h); private to the two. */
#ifndef DOVETAP_SEARCH_SEARCH_WIRE_H
#define DOVETAP_SEARCH_SEARCH_WIRE_H

#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "search/binary.h"
#include "search/discover.h"
#include "search/search.h"

#define SEARCH_PLACE_MAX 256
#define SEARCH_SKIPS_MAX 64

/* In memory that both have. A place is a mount namespace (0: ours) and what is looked at in it. */
struct search_shared {
	_Atomic int64_t since_ns; /* the searcher's: when it began to look there; 0: it does not */
	uint64_t namespace;
	char place[SEARCH_PLACE_MAX];

	_Atomic uint64_t skips[SEARCH_SKIPS_MAX]; /* the owner's: keys to leave out; 0: free */
	atomic_bool only_ours;			  /* too many do not answer: no other namespaces */
};

/* In another namespace than ours all paths have one key. */
uint64_t search_place_key(uint64_t namespace, const char *place);

enum search_message_type {
	SEARCH_SCAN = 1, /* to the searcher */
	SEARCH_EXEC = 2,
	SEARCH_FOUND = 3, /* to the owner; the file goes with it */
	SEARCH_LOST = 4,
	SEARCH_UNRELATED = 5,
	SEARCH_SCANNED = 6,
	SEARCH_MASTER = 7, /* only path; the file goes with it */
};

#define SEARCH_NAME_MAX 16

struct search_request {
	uint32_t type;
	int32_t pid;		    /* EXEC */
	char name[SEARCH_NAME_MAX]; /* EXEC; "" for none */
};

/* Numbers of probes are those of probe_table; probe_count is none. */
struct search_answer {
	uint32_t type;
	uint32_t role;		    /* FOUND, LOST */
	char name[SEARCH_NAME_MAX]; /* UNRELATED */
	struct file_id id, replaced;
	uint64_t probe, companion;
	uint64_t offset, companion_offset;
	uint8_t code[ELF_FUNCTION_CODE], companion_code[ELF_FUNCTION_CODE];
	uint8_t has_replaced, unused;
	char abi[ABI_MAX];
	char path[PATH_MAX];
	uint32_t limited;   /* SCANNED: discover_limited() */
	uint32_t dovecots;  /* SCANNED: discover_dovecots() */
	struct error error; /* FOUND: why it has no probe; SCANNED */
};

/* A file that is known already. */
struct search_restored {
	enum priv_role role;
	struct file_id id;
};

/* What a searcher begins with. */
struct searcher_start {
	struct discover_options options;
	const struct search_restored *restored; /* an array that ends with role 0 */
	enum search_rights rights;
	struct priv_user user; /* to become; uid 0: none */
	pid_t owner;	       /* whose end is the searcher's */
};

/*
 * The same as bytes, with the operator's own layouts, for a searcher that is started by exec.
 * Reading is pure but for the layouts, which are added (dovecot/layout_own.h). start_r->restored is
 * to be freed and its texts point into the bytes; roots has room for all of them. -EINVAL: they are
 * none.
 */
#define SEARCHER_ROOTS_MAX 16
void searcher_start_pack(const struct searcher_start *start, struct buf *out);
int searcher_start_unpack(struct slice bytes, struct searcher_start *start_r,
			  const char *roots[SEARCHER_ROOTS_MAX + 1], struct error *error_r);

/* The message that such a searcher finds on its channel: with the shared memory and those bytes. */
#define SEARCHER_HELLO_VERSION 3
struct searcher_hello {
	uint32_t version;
	uint32_t shared_size; /* of struct search_shared */
};

/* Takes the rights that it needs, for good. After an error it must exit. */
int searcher_drop_rights(const struct searcher_start *start, struct error *error_r);

/* The searcher's whole life. */
__attribute__((noreturn)) void searcher_run(const struct searcher_start *start, int channel,
					    struct search_shared *shared);

#endif
