/* SPDX-License-Identifier: MIT */
#include "cli/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/ask_dicts.h"
#include "pipeline/removed.h"
#include "plan/plan_user.h"

#define TIMEOUT_NS     (10 * NS_PER_SEC)
#define SCAN_NS	       (60 * NS_PER_SEC) /* for all users together, unless there is a --timeout */
#define NAME_MAX_BYTES (1U << 20)

static int64_t timeout_of(const struct ask *ask)
{
	return ask->options->timeout_ns > 0 ? ask->options->timeout_ns : TIMEOUT_NS;
}

static int own_error(const struct ask *ask, int ret, struct error *error_r)
{
	if (ret < 0 || ask->ret == 0)
		return ret < 0 ? ret : 0;
	if (error_r)
		*error_r = ask->error;
	return ask->ret;
}

static const char *name_of(const struct ask *ask)
{
	return plan_dict_name(ask->options->plan, ask->dict);
}

/* --- all -------------------------------------------------------------------------------------- */

/* By its records users are judged, unless all that it is for is no login. */
static uint8_t *judge_keys(const struct ask *ask)
{
	uint8_t *judged = calloc(ask->search.count + 1, sizeof(*judged));
	bool mixed;

	for (size_t i = 0; judged && i < ask->search.count; i++) {
		const char *service = ask->search.services[i];

		judged[i] = *service ? service_class_of(slice_str(service), ask->options->judged) ==
					       SERVICE_LOGIN
				     : service_class_of_list(ask->search.served[i],
							     ask->options->judged,
							     &mixed) == SERVICE_LOGIN;
	}
	return judged;
}

/* With several dicts none of them knows who has not logged in. */
static bool may_leave_out(const struct ask *ask)
{
	size_t count = 0;

	for (size_t i = 0; i < ask->dict_count; i++)
		count += ask->dicts[i] != NULL;
	return count == 1 && ask->options->older_than_ns != INT64_MAX;
}

static int list_keys(struct ask *ask, const uint8_t *judged, struct error *error_r)
{
	const char *others[SERVICE_OTHERS_MAX + 1];
	const struct dict_listing listing = {
		.keys = ask->search.keys,
		.key_count = ask->search.count,
		.mask = ask->options->mask,
		.judged = may_leave_out(ask) ? judged : NULL,
		.unjudged = others,
		.older_than_ns = ask->options->older_than_ns,
	};
	int64_t ret;

	service_class_others(ask->options->judged, others);
	ret = dict_list(ask->dicts[ask->dict], &listing, timeout_of(ask), ask_on_record, ask,
			error_r);
	return own_error(ask, ret < 0 ? (int)ret : 0, error_r);
}

static int list_dict(struct ask *ask, struct error *error_r)
{
	uint8_t *judged = NULL;
	int ret = plan_search_make(ask->options->plan, ask->dict, ask->user, ask->options->judged,
				   &ask->search, error_r);

	if (ret == 0)
		judged = judge_keys(ask);
	if (ret == 0 && !judged)
		ret = error_set(error_r, ENOMEM, "out of memory");
	if (ret == 0)
		ret = list_keys(ask, judged, error_r);
	free(judged);
	plan_search_release(&ask->search);
	return ret < 0 ? error_prefix(error_r, "%s", name_of(ask)) : 0;
}

static void end_progress(const struct ask *ask)
{
	if (ask->options->progress && ask->shown_ns > 0)
		(void)fputs("\r\033[K", stderr);
}

int ask_everyone(const struct ask_options *options, struct roster *roster, struct error *error_r)
{
	struct ask ask;
	int ret = ask_open(&ask, options, roster, error_r);

	for (ask.dict = 0; ret == 0 && ask.dict < ask.dict_count; ask.dict++) {
		if (ask.dicts[ask.dict])
			ret = list_dict(&ask, error_r);
	}
	end_progress(&ask);
	if (ret == 0)
		ret = ask_spools(&ask, error_r);
	if (ret == 0)
		ret = roster_take_all_waiting(roster, error_r);
	if (ret == 0)
		ret = ask_prove(&ask, error_r);
	ask_close(&ask);
	return ret;
}

/* --- some ------------------------------------------------------------------------------------- */

static bool has_open_key(const struct plan_search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		if (search->keys[i].open)
			return true;
	}
	return false;
}

/* To find keys by a part of them costs as much as there are keys, for each user again. */
static int check_scans(struct ask *ask, int64_t began_ns, struct error *error_r)
{
	int64_t limit = ask->options->timeout_ns > 0 ? ask->options->timeout_ns : SCAN_NS;

	ask->scan_ns += clock_monotonic_ns() - began_ns;
	if (ask->scan_ns < limit)
		return 0;
	return error_set(error_r, ETIMEDOUT,
			 "%s: a part of last_login_key is not known without a login, so all keys "
			 "were looked through for each user, which took %.1f s: name fewer users, "
			 "or give it more time by --timeout",
			 name_of(ask), (double)ask->scan_ns / (double)NS_PER_SEC);
}

static int search_dict(struct ask *ask, struct slice name, struct error *error_r)
{
	int64_t began = clock_monotonic_ns();
	int ret = plan_search_make(ask->options->plan, ask->dict, name, ask->options->judged,
				   &ask->search, error_r);

	if (ret == 0)
		ret = dict_search(ask->dicts[ask->dict], name, ask->search.keys, ask->search.count,
				  began + timeout_of(ask), ask_on_record, ask, error_r);
	ret = own_error(ask, ret, error_r);
	if (ret < 0)
		(void)error_prefix(error_r, "%s", name_of(ask));
	else if (has_open_key(&ask->search) && dict_scans(ask->dicts[ask->dict]))
		ret = check_scans(ask, began, error_r);
	plan_search_release(&ask->search);
	return ret;
}

static int search_dicts(struct ask *ask, struct slice name, struct error *error_r)
{
	int ret = 0;

	for (ask->dict = 0; ret == 0 && ask->dict < ask->dict_count; ask->dict++) {
		if (ask->dicts[ask->dict])
			ret = search_dict(ask, name, error_r);
	}
	return ret;
}

/* The name that Dovecot makes of it has the records; the one given has them as well where the
 * server is not configured as we know. */
static int ask_name(struct ask *ask, struct slice name, struct buf *normal, struct error *error_r)
{
	int ret;

	buf_reset(normal);
	ask->user = name;
	ret = plan_user_normalise(ask->options->plan, name, normal, error_r);
	if (ret == 0)
		ret = roster_add_user(ask->roster, name, error_r);
	if (ret == 0)
		ret = search_dicts(ask, name, error_r);
	if (ret == 0 && !slice_equal(name, buf_slice(normal)))
		ret = search_dicts(ask, buf_slice(normal), error_r);
	if (ret == 0)
		ret = roster_take_waiting(ask->roster, name, name, error_r);
	if (ret == 0)
		ret = roster_take_waiting(ask->roster, buf_slice(normal), name, error_r);
	return ret;
}

static void log_scans(const struct ask *ask)
{
	if (ask->scan_ns > 0 && !ask->options->quiet)
		log_info("a part of last_login_key is not known without a login: all keys were "
			 "looked through, in %.3f s",
			 (double)ask->scan_ns / (double)NS_PER_SEC);
}

int ask_names(const struct ask_options *options, struct names *names, struct roster *roster,
	      struct error *error_r)
{
	struct slice name;
	struct buf normal;
	struct ask ask;
	int ret = ask_open(&ask, options, roster, error_r), more = 0;

	buf_init(&normal, NAME_MAX_BYTES);
	if (ret == 0)
		ret = ask_spools(&ask, error_r);
	while (ret == 0 && (more = names_next(names, &name, error_r)) > 0)
		ret = ask_name(&ask, name, &normal, error_r);
	if (ret == 0 && more == 0)
		more = ask_prove(&ask, error_r);
	end_progress(&ask);
	log_scans(&ask);
	buf_release(&normal);
	ask_close(&ask);
	return ret < 0 ? ret : more;
}

int ask_status(int ret)
{
	if (ret == -NAMES_UNREADABLE || ret == -REMOVED_UNNOTED)
		return EX_IOERR;
	return ret == -EINVAL || ret == -EOPNOTSUPP ? EX_CONFIG : EX_UNAVAILABLE;
}
