/* SPDX-License-Identifier: MIT */
/*
 * Messages between the privileged attacher and the unprivileged collector: datagrams of one fixed
 * size over a socketpair (SOCK_SEQPACKET), so that neither side ever parses a length.
 *
 *	attacher → collector	ATTACHED, REFUSED, DETACHED	what happened to one Dovecot file
 *				STALLED a path stalls, or answers again
 *				INITIAL_SCAN_DONE		the first search is over
 *	collector → attacher	READY				it takes records
 *				LAYOUT_REFUSED	a file's records contradict its layout: detach it
 *
 * A restarted collector receives again what is attached and refused at that moment. End of file
 * on the socket means that the other process has ended.
 */
#ifndef DOVETAP_PRIV_PROTO_H
#define DOVETAP_PRIV_PROTO_H

#include <stdint.h>

#include "base/error.h"

#define PRIV_PROTO_VERSION 7

/* What a probe is for. The number is that of the event it emits (enum dovetap_event_type). */
enum priv_role {
	PRIV_ROLE_MAIL_USER = 1, /* libdovecot-storage: the login is complete */
	PRIV_ROLE_AUTH = 2,	 /* auth: authentication has an outcome */
	PRIV_ROLE_PROXY = 3,	 /* libdovecot-login: a proxied login is established */
	PRIV_ROLE_END
};

#define PRIV_ROLE_BIT(role) (1U << (role))
#define PRIV_ROLES_ALL                                                                             \
	(PRIV_ROLE_BIT(PRIV_ROLE_MAIL_USER) | PRIV_ROLE_BIT(PRIV_ROLE_AUTH) |                      \
	 PRIV_ROLE_BIT(PRIV_ROLE_PROXY))

enum priv_message_type {
	PRIV_ATTACHED = 1,
	PRIV_REFUSED = 2,
	PRIV_DETACHED = 3,
	PRIV_INITIAL_SCAN_DONE = 4,
	PRIV_READY = 5,
	PRIV_STALLED = 6,
	PRIV_LIMITED = 7,
	PRIV_LAYOUT_REFUSED = 8,
};

/* Why a file has no probe. */
enum priv_refusal {
	PRIV_REFUSAL_UNKNOWN_ABI,    /* there is no layout for its ABI string */
	PRIV_REFUSAL_UNREADABLE,     /* it has no ABI string, or is no sound ELF file */
	PRIV_REFUSAL_NO_FUNCTION,    /* what is to be probed is not there or never called */
	PRIV_REFUSAL_FUSE,	     /* its file system may not answer */
	PRIV_REFUSAL_ATTACH,	     /* the verifier or the kernel refused the probe */
	PRIV_REFUSAL_LAYOUT_REFUSED, /* the records contradict its layout */
	PRIV_REFUSAL_COUNT
};

/* All texts are NUL-terminated and may be cut; the paths come from outside: escape them. */
struct priv_message {
	uint32_t version;  /* PRIV_PROTO_VERSION */
	uint32_t type;	   /* enum priv_message_type */
	uint32_t role;	   /* enum priv_role; 0 for INITIAL_SCAN_DONE and READY */
	uint32_t links;	   /* probes attached at this moment, all roles */
	uint32_t refused;  /* files that cannot be watched, at this moment */
	uint32_t stalled;  /* places where the search does not get an answer, at this moment */
	uint32_t limited;  /* files and directories that the last search left out at a limit */
	uint32_t dovecots; /* processes of Dovecot that the last search has seen */
	uint32_t refused_by[PRIV_REFUSAL_COUNT]; /* refused, by reason */
	uint32_t unseen; /* what else may run without a probe, as of the last search; 0: nothing */
	uint32_t reserved;
	uint64_t inode;
	uint64_t file; /* as in its records (dovetap/event.h); 0 where it has no probe */
	char abi[80];  /* Dovecot's own string; "" when the file has none */
	char symbol[64];
	char path[256];
	char reason[384]; /* both REFUSED: why, and what to do about it */
};

_Static_assert(sizeof(struct priv_message) == 864, "message moved: raise the version");

/* "unknown_abi", ... */
const char *priv_refusal_name(enum priv_refusal refusal);

/* "mail_user", "auth", "proxy"; "unknown" for another number. */
const char *priv_role_name(enum priv_role role);

/*
 * Sends without waiting. Returns 0, -EAGAIN when the other side does not read, -EPIPE when it is
 * gone, or another negative errno.
 */
int priv_send(int fd, const struct priv_message *message);

/*
 * Takes one message; on a blocking fd it waits. Returns 1 with *message_r set (its texts are always
 * terminated), 0 at the end (the other side is gone), -EAGAIN when there is nothing, -EPROTO for a
 * message of another size or version, or another negative errno.
 */
int priv_receive(int fd, struct priv_message *message_r);

#endif
