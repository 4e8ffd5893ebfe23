/* SPDX-License-Identifier: MIT */
#include "login/join.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "login/login_copy.h"
#include "login/partners.h"

struct waiting {
	struct waiting *prev, *next;
	struct login *login;
	uint64_t position;
	int64_t until_ns;
};

struct join {
	join_emit_fn *emit;
	void *context;
	struct partners partners;
	struct waiting *waiting;
	size_t waiting_count;
};

int join_new(join_emit_fn *emit, void *context, struct join **join_r, struct error *error_r)
{
	struct join *join = calloc(1, sizeof(*join));

	if (!join)
		return error_set(error_r, ENOMEM, "out of memory for the session table");
	join->emit = emit;
	join->context = context;
	*join_r = join;
	return 0;
}

static void emit(struct join *join, const struct login *record, const struct login *auth)
{
	struct login_event event = login_event_make(record, auth);

	join->emit(&event, join->context);
}

/* --- those who wait --------------------------------------------------------------------------- */

static void drop(struct join *join, struct waiting *waiting)
{
	DL_DELETE(join->waiting, waiting);
	join->waiting_count--;
	free(waiting->login);
	free(waiting);
}

static void release(struct join *join, struct waiting *waiting, const struct login *auth)
{
	emit(join, waiting->login, auth);
	drop(join, waiting);
}

static bool may_wait(const struct login *record)
{
	return login_session(record).len > 0 &&
	       (record->type == DOVETAP_EVENT_PROXY || login_has(record, DOVETAP_FIELD_MECH));
}

/* False when it must pass as it is. */
static bool wait_for_auth(struct join *join, const struct login *record, uint64_t position,
			  int64_t now_ns)
{
	struct waiting *waiting = may_wait(record) ? calloc(1, sizeof(*waiting)) : NULL;

	if (waiting)
		waiting->login = login_copy(record);
	if (!waiting || !waiting->login) {
		free(waiting);
		return false;
	}
	if (join->waiting_count == JOIN_WAITING_MAX)
		release(join, join->waiting, NULL);
	waiting->position = position;
	waiting->until_ns = now_ns + JOIN_WAIT_NS;
	DL_APPEND(join->waiting, waiting);
	join->waiting_count++;
	return true;
}

static void release_partners(struct join *join, const struct login *auth)
{
	struct waiting *waiting, *next;

	DL_FOREACH_SAFE(join->waiting, waiting, next) {
		if (slice_equal(login_session(waiting->login), login_session(auth)))
			release(join, waiting, auth);
	}
}

/* --- the whole -------------------------------------------------------------------------------- */

static void take_auth(struct join *join, const struct login *auth)
{
	struct login_event event = login_event_of_auth(auth);

	join->emit(&event, join->context);
	if (!(auth->flags & DOVETAP_FLAG_SUCCESSFUL) || login_session(auth).len == 0)
		return;
	partners_add(&join->partners, auth);
	release_partners(join, auth);
}

void join_take(struct join *join, const struct login *record, uint64_t position, int64_t now_ns)
{
	const struct login *auth;

	if (record->type == DOVETAP_EVENT_AUTH) {
		take_auth(join, record);
		return;
	}
	auth = partners_find(&join->partners, record);
	if (auth || !wait_for_auth(join, record, position, now_ns))
		emit(join, record, auth);
}

void join_expire(struct join *join, int64_t now_ns)
{
	while (join->waiting && join->waiting->until_ns <= now_ns)
		release(join, join->waiting, NULL);
}

bool join_waits(const struct join *join, uint64_t *position_r)
{
	if (join->waiting)
		*position_r = join->waiting->position;
	return join->waiting != NULL;
}

unsigned int join_waiting(const struct join *join)
{
	return (unsigned int)join->waiting_count;
}

void join_free(struct join **join)
{
	if (!*join)
		return;
	partners_release(&(*join)->partners);
	while ((*join)->waiting)
		drop(*join, (*join)->waiting);
	free(*join);
	*join = NULL;
}
