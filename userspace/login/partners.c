/* SPDX-License-Identifier: MIT */
#include "login/partners.h"

#include <stdlib.h>

#include "base/hash.h"
#include "login/login_copy.h"

/* The hash keeps the order of arrival: its head is the oldest. */
struct partner {
	UT_hash_handle hh;
	struct login *auth;
};

static void forget(struct partners *partners, struct partner *partner)
{
	HASH_DEL(partners->first, partner);
	partners->bytes -= login_copy_size(partner->auth);
	free(partner->auth);
	free(partner);
}

static struct partner *find(const struct partners *partners, struct slice session)
{
	struct partner *partner;

	HASH_FIND(hh, partners->first, session.ptr, session.len, partner);
	return partner;
}

/* A session id is unique only for a while: an old partner is somebody else's. */
static bool is_old(const struct partner *partner, const struct login *login)
{
	return login->boot_ns > partner->auth->boot_ns + PARTNERS_KEEP_NS;
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): it takes the table, which goes with its last member, for
 * the members. */
static bool is_full(const struct partners *partners, const struct login *auth)
{
	return HASH_COUNT(partners->first) >= PARTNERS_MAX ||
	       partners->bytes + login_copy_size(auth) > PARTNERS_BYTES;
}

static void make_room(struct partners *partners, const struct login *auth)
{
	struct partner *oldest, *next;

	HASH_ITER(hh, partners->first, oldest, next) {
		if (!is_old(oldest, auth) && !is_full(partners, auth))
			return;
		forget(partners, oldest);
	}
}

/* A proxy and the server behind it have one session. */
static bool is_another(const struct partner *partner, const struct login *auth)
{
	const struct login *before = partner->auth;

	return !is_old(partner, auth) &&
	       (before->repeated || before->remote_port != auth->remote_port ||
		memcmp(&before->remote_ip, &auth->remote_ip, sizeof(auth->remote_ip)) != 0 ||
		!slice_equal(before->text[DOVETAP_FIELD_USERNAME],
			     auth->text[DOVETAP_FIELD_USERNAME]));
}

void partners_add(struct partners *partners, const struct login *auth)
{
	struct partner *partner = find(partners, login_session(auth));
	bool repeated = partner && is_another(partner, auth);

	if (partner)
		forget(partners, partner);
	make_room(partners, auth);
	partner = calloc(1, sizeof(*partner));
	if (partner)
		partner->auth = login_copy(auth);
	if (!partner || !partner->auth) {
		free(partner);
		return;
	}
	partner->auth->repeated = repeated;
	HASH_ADD_KEYPTR(hh, partners->first, login_session(partner->auth).ptr,
			login_session(auth).len, partner);
	if (hash_added(partner)) {
		partners->bytes += login_copy_size(auth);
		return;
	}
	free(partner->auth);
	free(partner);
}
/* NOLINTEND(clang-analyzer-unix.Malloc) */

const struct login *partners_find(const struct partners *partners, const struct login *login)
{
	struct slice session = login_session(login);
	const struct partner *partner = session.len > 0 ? find(partners, session) : NULL;

	return partner && !is_old(partner, login) ? partner->auth : NULL;
}

/* Clearing the table leaves the members linked. */
void partners_release(struct partners *partners)
{
	struct partner *partner = partners->first, *next;

	HASH_CLEAR(hh, partners->first);
	for (; partner; partner = next) {
		next = partner->hh.next;
		free(partner->auth);
		free(partner);
	}
	partners->bytes = 0;
}
