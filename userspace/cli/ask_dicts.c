/* SPDX-License-Identifier: MIT */
#include "cli/ask_dicts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

int ask_open(struct ask *ask, const struct ask_options *options, struct roster *roster,
	     struct error *error_r)
{
	size_t count = plan_dict_count(options->plan);
	int ret = 0;

	*ask = (struct ask){.options = options, .roster = roster, .dict_count = count};
	ask->dicts = calloc(count + 1, sizeof(struct dict *));
	ask->mixed = calloc(count + 1, sizeof(*ask->mixed));
	ask->seen = calloc(count + 1, sizeof(*ask->seen));
	if (!ask->dicts || !ask->mixed || !ask->seen)
		return error_set(error_r, ENOMEM, "out of memory");
	for (size_t i = 0; i < count && ret == 0; i++) {
		if (plan_dict_has_logins(options->plan, i))
			ret = plan_dict_open(options->plan, i, &ask->dicts[i], error_r);
	}
	return ret;
}

void ask_close(struct ask *ask)
{
	for (size_t i = 0; ask->dicts && i < ask->dict_count; i++) {
		if (ask->dicts[i])
			dict_close(&ask->dicts[i]);
	}
	free(ask->dicts);
	free(ask->mixed);
	free(ask->seen);
}

/* --- records ---------------------------------------------------------------------------------- */

static void show_progress(struct ask *ask)
{
	int64_t now = clock_monotonic_ns();

	if (!ask->options->progress || now - ask->shown_ns < NS_PER_SEC / 2)
		return;
	ask->shown_ns = now;
	(void)fprintf(stderr, "\r%s: %" PRIu64 " records ",
		      plan_dict_name(ask->options->plan, ask->dict), ask->records);
}

/* The store's own word, else that of the key. */
static struct slice service_of(const struct ask *ask, const struct dict_record *record, size_t key)
{
	if (record->service.len > 0)
		return record->service;
	return slice_str(record->asked ? ask->search.services[key] : "");
}

/* A key that does not show the service may be written by one alone. */
static enum service_class class_of(struct ask *ask, struct slice *service, size_t key)
{
	const char *served = ask->search.count > 0 ? ask->search.served[key] : "*";
	enum service_class class;
	bool mixed = false;

	if (service->len > 0)
		return service_class_of(*service, ask->options->judged);
	class = service_class_of_list(served, ask->options->judged, &mixed);
	if (mixed && !ask->mixed[ask->dict] && !ask->options->quiet)
		log_warning("%s: last_login_key does not show the service, and \"%s\" are recorded "
			    "under it: mail that arrives looks like a login there",
			    plan_dict_name(ask->options->plan, ask->dict), served);
	ask->mixed[ask->dict] |= mixed;
	if (!strpbrk(served, ",*"))
		*service = slice_str(served);
	return class;
}

/* What stands for "not yet" in a column. Elsewhere it is a record that is broken: a write that a
 * crash has cut off. */
static bool is_nothing(struct slice value)
{
	return value.len == 0 || slice_is(value, "0") || slice_is(value, "never") ||
	       slice_is(value, "NULL");
}

static void keep_error(struct ask *ask, int ret)
{
	if (ask->ret == 0)
		ask->ret = ret;
}

static int no_time(struct ask *ask, const struct roster_record *row)
{
	return error_set(&ask->error, EBADMSG,
			 "%s: the record of %.*s holds \"%.*s\", which is no time",
			 plan_dict_name(ask->options->plan, ask->dict),
			 (int)(row->user.len < 200 ? row->user.len : 200),
			 row->user.ptr ? row->user.ptr : "",
			 (int)(row->value.len < 60 ? row->value.len : 60),
			 row->value.ptr ? row->value.ptr : "");
}

void ask_on_record(const struct dict_record *record, void *context)
{
	struct ask *ask = context;
	const bool nothing = is_nothing(record->value);
	size_t key = record->asked ? (size_t)(record->asked - ask->search.keys) : 0;
	struct roster_record row = {
		.user = ask->user.len > 0 ? ask->user : record->user,
		.service = service_of(ask, record, key),
		.remote_ip = record->remote_ip,
		.value = record->value,
		.time_ns = record->time_ns,
	};

	row.class = class_of(ask, &row.service, key);
	if (ask->ret < 0 ||
	    (nothing && (row.class != SERVICE_LOGIN || dict_has_columns(ask->dicts[ask->dict]))))
		return;
	ask->seen[ask->dict] = true;
	if ((nothing || record->time_ns < 0) && row.class == SERVICE_LOGIN)
		keep_error(ask, no_time(ask, &row));
	else
		keep_error(ask, roster_add(ask->roster, &row, &ask->error));
	ask->records++;
	show_progress(ask);
}
