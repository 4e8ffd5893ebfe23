/* SPDX-License-Identifier: MIT */
#include "login/join.h"

#include <errno.h>
#include <stdlib.h>

#include <uthash.h>

/* The long slots of event.h, so that whatever the decoder accepts fits. */
#define SESSION_MAX 128
#define MECH_MAX    64
#define NAME_MAX    520

struct partner {
	UT_hash_handle hh;
	uint64_t boot_ns;
	uint32_t flags;
	uint16_t session_len, mech_len, master_len;
	char session[SESSION_MAX], mech[MECH_MAX], master[NAME_MAX];
};

/* A ring of partners: next points to the oldest, which the next auth record replaces. */
struct join {
	struct partner *by_session;
	size_t next;
	struct partner partners[JOIN_SESSIONS];
};

int join_new(struct join **join_r, struct error *error_r)
{
	*join_r = calloc(1, sizeof(**join_r));
	return *join_r ? 0 : error_set(error_r, ENOMEM, "out of memory for the session table");
}

void join_free(struct join **join)
{
	if (!*join)
		return;
	HASH_CLEAR(hh, (*join)->by_session);
	free(*join);
	*join = NULL;
}

/* UNSAFE: copies at most max bytes. */
static uint16_t keep(char *slot, size_t max, struct slice text)
{
	size_t len = text.len < max ? text.len : max;

	if (len > 0)
		memcpy(slot, text.ptr, len);
	return (uint16_t)len;
}

static struct partner *find(struct join *join, struct slice session)
{
	struct partner *partner;

	HASH_FIND(hh, join->by_session, session.ptr, session.len, partner);
	return partner;
}

static void forget(struct join *join, struct partner *partner)
{
	if (partner->session_len == 0)
		return;
	HASH_DELETE(hh, join->by_session, partner);
	partner->session_len = 0;
}

void join_auth(struct join *join, const struct login *auth)
{
	struct slice session = auth->text[DOVETAP_FIELD_SESSION_ID];
	struct partner *partner;

	if (session.len == 0 || session.len > SESSION_MAX ||
	    !(auth->flags & DOVETAP_FLAG_SUCCESSFUL))
		return;
	partner = find(join, session);
	if (!partner) {
		partner = &join->partners[join->next];
		join->next = (join->next + 1) % JOIN_SESSIONS;
	}
	forget(join, partner);
	partner->boot_ns = auth->boot_ns;
	partner->flags = auth->flags;
	partner->mech_len = keep(partner->mech, MECH_MAX, auth->text[DOVETAP_FIELD_MECH]);
	partner->master_len =
		keep(partner->master, NAME_MAX, auth->text[DOVETAP_FIELD_MASTER_USER]);
	partner->session_len = keep(partner->session, SESSION_MAX, session);
	HASH_ADD_KEYPTR(hh, join->by_session, partner->session, partner->session_len, partner);
}

static void fill(struct login *login, unsigned int field, const char *text, size_t len)
{
	if (len == 0 || login->text[field].len > 0)
		return;
	login->text[field] = (struct slice){text, len};
	login->present |= DOVETAP_BIT(field);
}

bool join_mail_user(struct join *join, struct login *login)
{
	struct slice session = login->text[DOVETAP_FIELD_SESSION_ID];
	struct partner *partner = session.len > 0 ? find(join, session) : NULL;

	/* A session id is unique only for a while: an old partner is somebody else's. */
	if (!partner || login->boot_ns > partner->boot_ns + JOIN_KEEP_NS)
		return false;
	fill(login, DOVETAP_FIELD_MECH, partner->mech, partner->mech_len);
	fill(login, DOVETAP_FIELD_MASTER_USER, partner->master, partner->master_len);
	login->flags |= partner->flags & DOVETAP_FLAG_SECURED;
	return true;
}
