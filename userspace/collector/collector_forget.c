/* SPDX-License-Identifier: MIT */
/*
 * Users are forgotten: "dovetap forget" asks for it on the control socket, and comes back until all
 * dicts are through.
 *
 *	POST /forget?of=USER    a number
 *	GET /forget?of=NUMBER   "running", or "done" and a line for each dict, by tabs: its name,
 *	                        how many records are gone (or a negative errno), how many that
 *	                        waited, how many that were refused, the error
 *
 * What is on its way to the writers is passed over by its time (pipeline/forgotten.h), what they
 * have they remove themselves (store/writer/writer.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/log.h"
#include "collector/collector_private.h"
#include "pipeline/removed.h"
#include "plan/plan_search.h"
#include "plan/plan_user.h"

#define JOBS_MAX       64 /* that nobody has asked for the end of */
#define NAME_MAX_BYTES (1U << 20)

struct collector_forgetting {
	struct collector_forgetting *prev, *next;
	uint64_t number;
	struct buf user;
	size_t dict_count;
	struct forgetting_dict {
		struct plan_search search;
		struct writer_removal removal;
		bool asked; /* else removal.ret has why not */
	} dicts[];
};

static bool is_done(const struct collector *c, const struct collector_forgetting *job)
{
	for (size_t i = 0; i < job->dict_count; i++) {
		if (job->dicts[i].asked &&
		    !writer_removed(c->targets.writers[i], &job->dicts[i].removal))
			return false;
	}
	return true;
}

/* Only when it is done, or the writers are gone. */
static void free_job(struct collector *c, struct collector_forgetting *job)
{
	DL_DELETE(c->forgettings, job);
	for (size_t i = 0; i < job->dict_count; i++)
		plan_search_release(&job->dicts[i].search);
	buf_release(&job->user);
	free(job);
}

void collector_forget_close(struct collector *c)
{
	while (c->forgettings)
		free_job(c, c->forgettings);
	forgotten_release(&c->forgotten);
}

/* The oldest go first: their askers have had the most time to come for the answer. */
static int make_room(struct collector *c)
{
	struct collector_forgetting *job, *next;
	size_t count;

	DL_COUNT(c->forgettings, job, count);
	DL_FOREACH_SAFE(c->forgettings, job, next) {
		if (count >= JOBS_MAX && is_done(c, job)) {
			free_job(c, job);
			count--;
		}
	}
	return count < JOBS_MAX ? 0 : -EAGAIN;
}

static void ask_dict(struct collector *c, struct collector_forgetting *job, size_t index,
		     int64_t now_ns)
{
	struct forgetting_dict *dict = &job->dicts[index];
	struct writer_removal *removal = &dict->removal;

	removal->ret = plan_search_make_all(c->options->plan, index, buf_slice(&job->user),
					    &dict->search, &removal->error);
	if (removal->ret < 0)
		return;
	removal->what = (struct dict_removal){
		.user = buf_slice(&job->user),
		.keys = dict->search.keys,
		.key_count = dict->search.count,
		.until_ns = now_ns,
		.may_be_absent = !plan_dict_has_logins(c->options->plan, index),
	};
	dict->asked = true;
	writer_remove(c->targets.writers[index], removal);
}

static int begin(struct collector *c, struct slice user, struct collector_forgetting **job_r)
{
	size_t count = plan_dict_count(c->options->plan);
	int64_t now_ns = clock_wall_ns();
	struct collector_forgetting *job = calloc(1, sizeof(*job) + count * sizeof(*job->dicts));

	if (!job)
		return -ENOMEM;
	job->number = ++c->last_forgetting;
	job->dict_count = count;
	buf_init(&job->user, user.len + 1);
	if (buf_append_slice(&job->user, user) < 0 ||
	    forgotten_add(&c->forgotten, user, now_ns) < 0) {
		buf_release(&job->user);
		free(job);
		return -ENOMEM;
	}
	DL_APPEND(c->forgettings, job);
	top_forget(&c->top, user);
	for (size_t i = 0; i < count; i++)
		ask_dict(c, job, i, now_ns);
	*job_r = job;
	return 0;
}

static void add_dict(const struct collector *c, const struct collector_forgetting *job,
		     size_t index, struct buf *out)
{
	const struct writer_removal *removal = &job->dicts[index].removal;

	escape_terminal(out, slice_str(plan_dict_name(c->options->plan, index)));
	buf_appendf(out, "\t%d\t%" PRIu64 "\t%" PRIu64 "\t", removal->ret, removal->waiting,
		    removal->refused);
	escape_terminal(out, slice_str(removal->ret < 0 ? removal->error.text : ""));
	buf_append_char(out, '\n');
}

static int report(struct collector *c, uint64_t number, struct buf *out)
{
	struct collector_forgetting *job = c->forgettings;

	while (job && job->number != number)
		job = job->next;
	if (!job)
		return -ENOENT;
	if (!is_done(c, job))
		return buf_append_str(out, "running\n");
	buf_append_str(out, "done\n");
	for (size_t i = 0; i < job->dict_count; i++)
		add_dict(c, job, i, out);
	free_job(c, job);
	return out->failed;
}

/* By the name as Dovecot has it, for that one is asked for later. */
static int note_user(const struct collector *c, struct slice user)
{
	const struct plan *plan = c->options->plan;
	struct error error = {0};
	struct buf normal;
	int ret;

	buf_init(&normal, NAME_MAX_BYTES);
	ret = plan_user_normalise(plan, user, &normal, &error);
	if (ret == 0)
		ret = removed_note_user(plan_settings(plan)->state_dir, buf_slice(&normal),
					clock_wall_ns(), &error);
	if (ret == -REMOVED_UNNOTED)
		log_error("nobody can be forgotten: %s", error.text);
	buf_release(&normal);
	return ret;
}

int collector_forget_begin(struct slice user, struct buf *out, void *context)
{
	struct collector *c = context;
	struct collector_forgetting *job = NULL;
	int ret = user.len > 0 ? make_room(c) : -EINVAL;

	if (ret == 0)
		ret = note_user(c, user);
	if (ret == 0)
		ret = begin(c, user, &job);
	return ret < 0 || !job ? ret : buf_appendf(out, "%" PRIu64 "\n", job->number);
}

int collector_forget_report(struct slice number, struct buf *out, void *context)
{
	char text[24];

	if (number.len == 0 || number.len >= sizeof(text))
		return -EINVAL;
	memcpy(text, number.ptr, number.len);
	text[number.len] = '\0';
	return report(context, strtoull(text, NULL, 10), out);
}
