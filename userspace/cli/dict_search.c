/* SPDX-License-Identifier: MIT */
#include "cli/dict_search.h"

#include <errno.h>
#include <sysexits.h>

#include "base/clock.h"

#define TIMEOUT_NS (10 * NS_PER_SEC)

/* What the store does not return is often part of the key that was looked up. */
static void on_record(const struct dict_record *record, void *context)
{
	struct search *search = context;
	struct logins_row row = {
		.user = record->user.len > 0 ? record->user : search->user,
		.service = record->service,
		.remote_ip = record->remote_ip,
		.value = record->value,
		.time_ns = record->time_ns,
	};

	if (row.service.len == 0)
		row.service = slice_str(plan_keys_service(&search->keys, record->key));
	if (logins_add(&search->logins, &row) < 0)
		search->failed = -ENOMEM;
}

/* Without a user, sample keys show which records are logins. */
static int make_keys(struct search *search, const struct plan *plan, size_t index,
		     struct error *error_r)
{
	if (search->user.len > 0)
		return plan_keys_make(plan, index, search->user, &search->keys, error_r);
	return plan_keys_sample(plan, index, 1U << DELIVER_LOGIN, &search->keys, error_r);
}

static int search_user(struct search *search, const struct plan *plan, size_t index,
		       struct dict *dict, struct error *error_r)
{
	int ret = make_keys(search, plan, index, error_r);

	if (ret == 0)
		ret = dict_lookup(dict, search->user, search->keys.keys, search->keys.count,
				  clock_monotonic_ns() + TIMEOUT_NS, on_record, search, error_r);
	plan_keys_release(&search->keys);
	if (search->failed < 0)
		return error_set(error_r, ENOMEM, "out of memory for the records");
	return ret;
}

/* A table of failures has no logins. */
static bool has_logins(const struct plan *plan, size_t dict)
{
	for (size_t i = 0; i < plan_route_count(plan); i++) {
		if (plan_route_uses(plan, i, dict) && plan_route(plan, i)->purpose == DELIVER_LOGIN)
			return true;
	}
	return false;
}

int search_dict(struct search *search, const struct plan *plan, size_t index, struct error *error_r)
{
	struct dict *dict;
	int ret;

	if (!has_logins(plan, index))
		return 0;
	ret = plan_dict_open(plan, index, &dict, error_r);
	if (ret < 0)
		return ret;
	if (search->list_all) {
		search->user = (struct slice){NULL, 0};
		ret = search_user(search, plan, index, dict, error_r);
	}
	for (size_t i = 0; i < search->user_count && ret >= 0; i++) {
		search->user = slice_str(search->users[i]);
		ret = search_user(search, plan, index, dict, error_r);
	}
	dict_close(&dict);
	return ret < 0 ? ret : 0;
}

int search_status(int ret)
{
	return ret == -EINVAL || ret == -EOPNOTSUPP ? EX_CONFIG : EX_UNAVAILABLE;
}
