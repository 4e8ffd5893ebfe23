/* SPDX-License-Identifier: MIT */
/* Since when logins are recorded, in the state directory. */
#include <errno.h>

#include "base/log.h"
#include "collector/collector_private.h"
#include "plan/plan_search.h"

#define SAVE_NS (60 * NS_PER_SEC)
#define LOOK_NS (2 * NS_PER_SEC)

/* A file that cannot be read is not overwritten: it knows more than we do. */
static bool read_state(struct collector *c, const char *dir)
{
	struct error error;
	int ret = c->since_known ? 0 : since_read(&c->since, dir, &error);

	if (ret < 0 && ret != -ENOENT && c->since_saved_ns == 0)
		log_warning("since when logins are recorded is not remembered: %s", error.text);
	c->since_known = ret == 0 || ret == -ENOENT;
	return c->since_known;
}

/* A store that is down or cannot show it is believed; whoever asks it later finds that out. */
static bool has_lost_all(const struct collector *c, size_t index, struct dict_presence *presence)
{
	const struct plan *plan = c->options->plan;
	int64_t deadline_ns = clock_monotonic_ns() + LOOK_NS;
	struct plan_search search = {0};
	struct dict *dict = NULL;
	struct error error;
	int ret = plan_search_make(plan, index, (struct slice){0}, NULL, &search, &error);

	if (ret == 0)
		ret = plan_dict_open(plan, index, &dict, &error);
	if (ret == 0)
		ret = dict_presence(dict, search.keys, search.count, deadline_ns, presence, &error);
	dict_close(&dict);
	plan_search_release(&search);
	return ret == 0 && (presence->state == DICT_ABSENT || presence->state == DICT_EMPTY);
}

static bool look_at_store(struct collector *c, size_t index)
{
	const struct plan *plan = c->options->plan;
	struct dict_presence presence = {0};

	if (since_restart(&c->since, plan, index, 0) <= 0 || !has_lost_all(c, index, &presence))
		return false;
	log_warning("%s: %s, though logins were recorded there: who has not logged in is known "
		    "from now on only",
		    plan_dict_name(plan, index), presence.found);
	return since_restart(&c->since, plan, index, clock_wall_ns()) > 0;
}

void collector_look_at_stores(struct collector *c)
{
	const struct plan *plan = c->options->plan;
	const char *dir = plan_settings(plan)->state_dir;
	struct error error;
	bool lost = false;

	if (since_read(&c->since, dir, &error) < 0)
		return;
	c->since_known = true;
	for (size_t i = 0; i < plan_dict_count(plan); i++)
		lost |= look_at_store(c, i);
	if (lost && since_write(&c->since, dir, &error) < 0)
		log_warning("since when logins are recorded is not remembered: %s", error.text);
}

/*
 * Only while every Dovecot is watched is nobody missed. A file that is refused counts although
 * nobody may run it at the moment: its Dovecot could be started between any two looks.
 */
static bool all_are_watched(struct collector *c)
{
	const struct metrics_probes *probes = &c->probes;
	bool watched = probes->refused == 0 && probes->unseen == 0;

	if (!probes->initial_scan_done)
		return false;
	if (!watched && !c->since_waits)
		log_warning("not every Dovecot is watched (see \"dovetap status\"): who has not "
			    "logged in is not known as long as that lasts");
	else if (watched && c->since_waits)
		log_info("every Dovecot is watched again");
	c->since_waits = !watched;
	return watched;
}

void collector_note_recording(struct collector *c, bool at_end)
{
	const char *dir = plan_settings(c->options->plan)->state_dir;
	int64_t now = clock_monotonic_ns();
	bool first = c->since_saved_ns == 0;
	struct error error = {.text = "out of memory"};

	if (!all_are_watched(c) || (!at_end && !first && now - c->since_saved_ns < SAVE_NS))
		return;
	if (read_state(c, dir) &&
	    (since_note(&c->since, c->options->plan, clock_wall_ns()) < 0 ||
	     since_write(&c->since, dir, &error) < 0) &&
	    first)
		log_warning("since when logins are recorded is not remembered: %s", error.text);
	c->since_saved_ns = now;
}
