/* SPDX-License-Identifier: MIT */
#include "cli/forget.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/log.h"
#include "cli/control.h"
#include "pipeline/removed.h"
#include "pipeline/targets.h"
#include "plan/plan_search.h"
#include "plan/plan_user.h"
#include "priv/lock.h"
#include "serve/listen.h"
#include "store/spool/spool_remove.h"
#include "store/spool/spool_view.h"

#define TIMEOUT_NS     (60 * NS_PER_SEC)
#define LOOK_NS	       (10 * NS_PER_MSEC)
#define NAME_MAX_BYTES (1U << 20)
#define DICTS_MAX      64

struct forgetting {
	const struct forget_options *options;
	struct slice user;
	forget_result_cb *cb;
	void *context;
	const char *done[DICTS_MAX]; /* names of dicts that the service has */
	size_t done_count;
	int worst;
};

int forget_check_name(const struct plan *plan, struct slice user, struct error *error_r)
{
	struct buf normal, shown;
	int ret;

	buf_init(&normal, NAME_MAX_BYTES);
	buf_init(&shown, NAME_MAX_BYTES);
	ret = user.len > 0 ? plan_user_normalise(plan, user, &normal, error_r)
			   : error_set(error_r, EINVAL, "a name is empty");
	if (ret == 0 && !slice_equal(user, buf_slice(&normal))) {
		escape_terminal(&shown, user);
		buf_append_str(&shown, ": Dovecot logs this user in as ");
		escape_terminal(&shown, buf_slice(&normal));
		ret = error_set(error_r, EINVAL, "%s, and that is to be named", buf_str(&shown));
	}
	buf_release(&shown);
	buf_release(&normal);
	return ret;
}

/* --- here ---------------------------------------------------------------------------- */

static int remove_spooled(const struct forgetting *forgetting, size_t dict,
			  const struct dict_removal *what, struct forget_result *result,
			  struct error *error_r)
{
	const struct plan *plan = forgetting->options->plan;
	struct spool_removed removed;
	struct spool_view *view;
	char dir[PATH_MAX];
	int ret;

	targets_spool_dir(plan, dir);
	ret = spool_view_open(dir, plan_dict_id(plan, dict), &view, error_r);
	if (ret < 0) /* without a file nothing has ever waited */
		return ret == -ENOENT ? 0 : ret;
	ret = spool_view_remove(view, what, &removed, error_r);
	spool_view_close(&view);
	if (ret < 0)
		return ret;
	result->waiting = removed.waiting + removed.held;
	result->refused = removed.refused;
	return 0;
}

static int remove_from_dict(const struct forgetting *forgetting, size_t index,
			    const struct dict_removal *what, struct error *error_r)
{
	struct dict *dict;
	int ret = plan_dict_open(forgetting->options->plan, index, &dict, error_r);

	if (ret < 0)
		return ret;
	ret = dict_remove(dict, what, clock_monotonic_ns() + TIMEOUT_NS, error_r);
	dict_close(&dict);
	return ret;
}

static void forget_here(struct forgetting *forgetting, size_t index)
{
	const struct plan *plan = forgetting->options->plan;
	struct forget_result result = {.dict = plan_dict_name(plan, index)};
	struct plan_search search = {0};
	struct error error = {0};
	struct dict_removal what = {
		.user = forgetting->user,
		.until_ns = clock_wall_ns(),
		.dry_run = forgetting->options->dry_run,
		.may_be_absent = !plan_dict_has_logins(plan, index),
	};
	int ret = plan_search_make_all(plan, index, forgetting->user, &search, &error);

	what.keys = search.keys;
	what.key_count = search.count;
	if (ret == 0)
		ret = remove_spooled(forgetting, index, &what, &result, &error);
	if (ret == 0)
		ret = remove_from_dict(forgetting, index, &what, &error);
	result.removed = ret;
	result.error = ret < 0 ? error.text : "";
	forgetting->worst = ret < 0 ? ret : forgetting->worst;
	if (!plan_dict_is_past(plan, index) || ret != 0 || result.waiting + result.refused > 0)
		forgetting->cb(&result, forgetting->context);
	plan_search_release(&search);
}

/* --- by the service -------------------------------------------------------------------------- */

int forget_find_service(const struct forget_options *options, struct error *error_r)
{
	const char *state_dir = plan_settings(options->plan)->state_dir;
	int fd = options->control[0] ? listen_connect(options->control, NULL) : -ENOENT, pid;

	if (fd >= 0) {
		close(fd);
		return 1;
	}
	pid = lock_holder(state_dir);
	if (pid == 0)
		return 0;
	return error_set(error_r, EBUSY,
			 "a dovetap (process %d) runs with %s and does not answer at %s: what it "
			 "has in memory would come back (name its socket by --control)",
			 pid, state_dir, options->control);
}

/* The next field of a line; fields end with a tab, the last one with the line. */
static char *next_field(char **line)
{
	char *field = *line, *end = strpbrk(field, "\t\n");

	if (!end) {
		*line = field + strlen(field);
		return field;
	}
	*line = end + 1;
	*end = '\0';
	return field;
}

static const char *own_name(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan_dict_count(plan); i++) {
		if (strcmp(plan_dict_name(plan, i), name) == 0)
			return plan_dict_name(plan, i);
	}
	return NULL;
}

static void take_line(struct forgetting *forgetting, char **line)
{
	struct forget_result result = {.dict = next_field(line)};
	const char *own = own_name(forgetting->options->plan, result.dict);

	result.removed = (int)strtol(next_field(line), NULL, 10);
	result.waiting = strtoull(next_field(line), NULL, 10);
	result.refused = strtoull(next_field(line), NULL, 10);
	result.error = next_field(line);
	forgetting->worst = result.removed < 0 ? result.removed : forgetting->worst;
	if (own && forgetting->done_count < DICTS_MAX)
		forgetting->done[forgetting->done_count++] = own;
	forgetting->cb(&result, forgetting->context);
}

static void take_answer(struct forgetting *forgetting, struct buf *answer)
{
	char *line = answer->data;

	(void)next_field(&line); /* "done" */
	while (*line)
		take_line(forgetting, &line);
}

/* The dicts may be slow, but not for ever: each has its deadline. */
static int await(const char *control, struct slice number, struct buf *answer,
		 struct error *error_r)
{
	const struct timespec pause = {.tv_nsec = LOOK_NS};
	int64_t deadline_ns = clock_monotonic_ns() + TIMEOUT_NS;
	int ret;

	for (;;) {
		buf_reset(answer);
		ret = control_act(control, false, "/forget", number, answer, error_r);
		if (ret < 0 || strncmp(buf_str(answer), "done", 4) == 0)
			return ret;
		if (clock_monotonic_ns() >= deadline_ns)
			return error_set(error_r, ETIMEDOUT,
					 "the running dovetap has not removed the records yet: "
					 "ask again");
		(void)nanosleep(&pause, NULL);
	}
}

static int forget_by_service(struct forgetting *forgetting, struct error *error_r)
{
	const char *control = forgetting->options->control;
	struct buf number, answer;
	int ret;

	buf_init(&number, CONTROL_ANSWER_MAX);
	buf_init(&answer, CONTROL_ANSWER_MAX);
	ret = control_act(control, true, "/forget", forgetting->user, &number, error_r);
	while (number.len > 0 && number.data[number.len - 1] == '\n')
		number.data[--number.len] = '\0';
	if (ret == 0)
		ret = await(control, buf_slice(&number), &answer, error_r);
	if (ret == 0)
		take_answer(forgetting, &answer);
	buf_release(&answer);
	buf_release(&number);
	return ret;
}

/* --- both ---------------------------------------------------------------------------- */

static bool is_done(const struct forgetting *forgetting, size_t index)
{
	for (size_t i = 0; i < forgetting->done_count; i++) {
		if (forgetting->done[i] == plan_dict_name(forgetting->options->plan, index))
			return true;
	}
	return false;
}

int forget_user(const struct forget_options *options, bool service, struct slice user,
		forget_result_cb *cb, void *context, struct error *error_r)
{
	struct forgetting forgetting = {
		.options = options, .user = user, .cb = cb, .context = context};
	int ret = 0;

	/* First: else "no record" would be taken for "never logged in". */
	if (!options->dry_run)
		ret = removed_note_user(plan_settings(options->plan)->state_dir, user,
					clock_wall_ns(), error_r);
	if (ret == 0 && service && !options->dry_run)
		ret = forget_by_service(&forgetting, error_r);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < plan_dict_count(options->plan); i++) {
		if (!is_done(&forgetting, i))
			forget_here(&forgetting, i);
	}
	return forgetting.worst;
}
