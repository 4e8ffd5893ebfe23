/* SPDX-License-Identifier: MIT */
/*
 * The authentications of a moment ago, for a mail user who has found none by its session: one whose
 * session id is read from a wrong place has a partner all the same, by name and connection. Pure.
 */
#ifndef DOVETAP_PROOF_RECENT_H
#define DOVETAP_PROOF_RECENT_H

#include <stdbool.h>

#include "login/login.h"

#define RECENT_MAX     128
#define RECENT_KEEP_NS (10LL * 1000000000LL)

struct recent_auth {
	uint64_t file, boot_ns;
	uint64_t session, name, service; /* checksums; 0: none; the name's of its lower case */
	struct login_ip remote_ip;
	uint16_t remote_port;
	bool successful, proxied;
	bool session_is_good; /* its form */
};

struct recent { /* zero-initialised is empty */
	struct recent_auth auths[RECENT_MAX];
	unsigned int next;
};

void recent_add(struct recent *recent, const struct login *auth, bool session_is_good);

/* The newest of the login's session, or NULL. */
const struct recent_auth *recent_of_session(const struct recent *recent, const struct login *login);

/* A success of the same user from the same address and port, in another session; or NULL. */
const struct recent_auth *recent_of_connection(const struct recent *recent,
					       const struct login *login);

/* One of the same user for the same service, in another session or none; or NULL. */
const struct recent_auth *recent_of_name(const struct recent *recent, const struct login *login);

/* Was there a success that was to be proxied? */
bool recent_was_proxied(const struct recent *recent, const struct login *login);

#endif
