/* SPDX-License-Identifier: MIT */
/* Logins that no dict has yet, or never will have: in the spool, under a key with its parts. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "cli/ask_dicts.h"
#include "pipeline/targets.h"
#include "plan/plan_user.h"
#include "store/spool/spool_parts.h"
#include "store/spool/spool_view.h"
#include "store/stamp.h"

#define USER_MAX (1U << 20)

struct taking {
	struct ask *ask;
	struct buf parts, user, normal;
	uint64_t nameless; /* records whose key does not show whose they are */
	int ret;
	struct error *error_r;
};

static struct slice part_of(const struct spool_row *row, const struct key_part *parts, int count,
			    const char *variable)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(parts[i].variable, variable) == 0)
			return (struct slice){row->key.ptr + parts[i].offset, parts[i].len};
	}
	return (struct slice){NULL, 0};
}

static struct slice user_of(struct taking *taking, const struct spool_row *row,
			    const struct key_part *parts, int count)
{
	struct slice user = part_of(row, parts, count, "user"), domain;

	if (user.len > 0)
		return user;
	user = part_of(row, parts, count, "username");
	domain = part_of(row, parts, count, "domain");
	if (user.len == 0 || domain.len == 0)
		return user;
	buf_reset(&taking->user);
	buf_append_slice(&taking->user, user);
	buf_append_char(&taking->user, '@');
	buf_append_slice(&taking->user, domain);
	return buf_slice(&taking->user);
}

/* Others' need not be kept. */
static bool is_asked_for(struct taking *taking, struct slice user)
{
	const struct ask_options *options = taking->ask->options;

	if (!options->only || slice_is(user, options->only))
		return true;
	buf_reset(&taking->normal);
	return plan_user_normalise(options->plan, slice_str(options->only), &taking->normal, NULL) <
		       0 ||
	       slice_equal(user, buf_slice(&taking->normal));
}

static void take(const struct spool_row *row, void *context)
{
	struct taking *taking = context;
	struct key_part parts[SPOOL_PARTS_MAX];
	struct roster_record record = {.value = row->value, .time_ns = row->time_ns};
	int count;

	buf_reset(&taking->parts);
	if (taking->ret < 0 || buf_append_slice(&taking->parts, row->parts) < 0)
		return;
	count = taking->parts.len > 0 ? spool_parts_parse(taking->parts.data, row->key.len, parts,
							  SPOOL_PARTS_MAX)
				      : 0;
	record.user = user_of(taking, row, parts, count);
	record.service = part_of(row, parts, count, "service");
	if (record.service.len == 0)
		record.service = part_of(row, parts, count, "protocol");
	record.remote_ip = part_of(row, parts, count, "remote_ip");
	record.class = service_class_of(record.service, taking->ask->options->judged);
	if (record.user.len == 0)
		taking->nameless++;
	else if (is_asked_for(taking, record.user))
		taking->ret = roster_add_waiting(taking->ask->roster, &record, taking->error_r);
}

static int64_t take_all(struct spool_view *view, struct taking *taking, struct error *error_r)
{
	int64_t count = spool_view_pending(view, take, taking, error_r);

	if (count >= 0)
		count = spool_view_held(view, take, taking, error_r);
	if (count >= 0)
		count = spool_view_dead_letters(view, take, taking, error_r);
	return taking->ret < 0 ? taking->ret : count;
}

static int take_dict(struct ask *ask, size_t dict, struct error *error_r)
{
	struct taking taking = {.ask = ask, .error_r = error_r};
	struct spool_view *view;
	struct error error;
	char dir[PATH_MAX];
	int64_t ret;

	targets_spool_dir(ask->options->plan, dir);
	ret = spool_view_open(dir, plan_dict_id(ask->options->plan, dict), &view, &error);
	if (ret < 0 && ret != -ENOENT)
		*error_r = error;
	if (ret < 0) /* without a file nothing has ever waited */
		return ret == -ENOENT ? 0 : (int)ret;
	buf_init(&taking.parts, USER_MAX);
	buf_init(&taking.user, USER_MAX);
	buf_init(&taking.normal, USER_MAX);
	ret = take_all(view, &taking, error_r);
	if (taking.nameless > 0 && !ask->options->quiet)
		log_warning("%s: %llu records wait in the spool under keys that do not show whose "
			    "they are",
			    plan_dict_name(ask->options->plan, dict),
			    (unsigned long long)taking.nameless);
	if (ask->options->hidden)
		*ask->options->hidden += taking.nameless;
	buf_release(&taking.parts);
	buf_release(&taking.user);
	buf_release(&taking.normal);
	spool_view_close(&view);
	return ret < 0 ? (int)ret : 0;
}

int ask_spools(struct ask *ask, struct error *error_r)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < ask->dict_count; i++) {
		if (ask->dicts[i])
			ret = take_dict(ask, i, error_r);
	}
	return ret;
}
