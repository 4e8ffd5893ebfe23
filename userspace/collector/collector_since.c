/* SPDX-License-Identifier: MIT */
/* Since when logins are recorded, in the state directory. */
#include <errno.h>

#include "base/log.h"
#include "collector/collector_private.h"

#define SAVE_NS (60 * NS_PER_SEC)

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
