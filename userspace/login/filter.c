/* SPDX-License-Identifier: MIT */
#include "login/filter.h"

#include "base/fnv.h"

static const char *const names[FILTER_RESULT_COUNT] = {
	[FILTER_PASS] = "passed",
	[FILTER_AUTOCREATED] = "autocreated",
	[FILTER_RESTORED] = "session_restored",
	[FILTER_DUPLICATE] = "duplicate",
	[FILTER_CUT_NAME] = "name_too_long",
	[FILTER_NO_NAME] = "no_username",
	[FILTER_FUTURE] = "future",
};

const char *filter_result_name(enum filter_result result)
{
	return names[result];
}

/* A process can have two logins at one address within a millisecond, but not of the same
 * user in the same session. */
static uint64_t checksum(const struct login *login)
{
	struct slice user = login->text[DOVETAP_FIELD_USERNAME];
	struct slice session = login->text[DOVETAP_FIELD_SESSION_ID];

	return fnv(fnv(FNV_START, user.ptr, user.len), session.ptr, session.len);
}

static bool is_repeat(const struct filter_seen *a, const struct filter_seen *b)
{
	int64_t distance = (int64_t)(a->boot_ns - b->boot_ns);

	return a->pid == b->pid && a->object == b->object && a->name == b->name && a->object != 0 &&
	       distance < FILTER_DUPLICATE_NS && distance > -FILTER_DUPLICATE_NS;
}

static bool seen_before(struct filter *filter, const struct login *login)
{
	const struct filter_seen now = {login->pid, login->object, login->boot_ns, checksum(login)};

	for (unsigned int i = 0; i < FILTER_RECENT; i++) {
		if (is_repeat(&now, &filter->seen[i]))
			return true;
	}
	filter->seen[filter->next] = now;
	filter->next = (filter->next + 1) % FILTER_RECENT;
	return false;
}

/* Who was refused may have had none; the probe of proxies does not read it. */
static bool needs_name(const struct login *login)
{
	return login->type == DOVETAP_EVENT_MAIL_USER ||
	       (login->type == DOVETAP_EVENT_AUTH && (login->flags & DOVETAP_FLAG_SUCCESSFUL));
}

enum filter_result filter_login(struct filter *filter, const struct login *login,
				uint64_t now_boot_ns)
{
	if (login->flags & DOVETAP_FLAG_AUTOCREATED)
		return FILTER_AUTOCREATED;
	if (login->flags & DOVETAP_FLAG_SESSION_RESTORED)
		return FILTER_RESTORED;
	if (login->text[DOVETAP_FIELD_USERNAME].len == 0 && needs_name(login))
		return FILTER_NO_NAME;
	if (login->type == DOVETAP_EVENT_MAIL_USER &&
	    (login->truncated & DOVETAP_BIT(DOVETAP_FIELD_USERNAME)))
		return FILTER_CUT_NAME;
	if (login->boot_ns > now_boot_ns && login->boot_ns - now_boot_ns > FILTER_FUTURE_NS)
		return FILTER_FUTURE;
	return seen_before(filter, login) ? FILTER_DUPLICATE : FILTER_PASS;
}
