/* SPDX-License-Identifier: MIT */
/* When to search for Dovecot, and from the results of the search to attachments. */
#include <string.h>

#include "attach/attacher_private.h"
#include "base/log.h"

#define RESCAN_SOON_NS	 (5 * NS_PER_SEC)    /* after a change; each next takes twice as long */
#define RESCAN_ENDED_NS	 (300 * NS_PER_MSEC) /* of a master; each next takes twice as long */
#define RESCAN_ENDED_MIN (1 * NS_PER_SEC)    /* from one such beginning to the next */
#define RESCAN_NESTED_NS (100 * NS_PER_MSEC)
#define RESCAN_MISSED_NS (1 * NS_PER_SEC) /* when it reported more than could be examined */

/* At due_ns or before. */
static void plan_scan(struct attacher *attacher, int64_t due_ns)
{
	attacher->rescan_ns = due_ns < attacher->rescan_ns ? due_ns : attacher->rescan_ns;
}

/*
 * Containers that start also end, and only a search finds that nothing runs a file any more. At the
 * usual interval files would pile up until no more are taken.
 */
void attacher_follow_changes(struct attacher *attacher)
{
	if (attacher->changes == attacher->attachments.changes)
		return;
	attacher->changes = attacher->attachments.changes;
	attacher->interval_ns = RESCAN_SOON_NS;
	plan_scan(attacher, clock_monotonic_ns() + RESCAN_SOON_NS);
}

/*
 * What a container had keeps its file system busy until two searches have found nobody who uses it.
 * A name is no proof: whoever makes masters up gets two searches a second.
 */
static void follow_end(struct attacher *attacher)
{
	int64_t due_ns = clock_monotonic_ns() + RESCAN_ENDED_NS;

	attacher->end_waits = true;
	if (due_ns < attacher->followed_ns + RESCAN_ENDED_MIN)
		due_ns = attacher->followed_ns + RESCAN_ENDED_MIN;
	plan_scan(attacher, due_ns);
}

static void use_exec(void *ctx, pid_t pid, const char *name)
{
	struct attacher *attacher = ctx;

	if (!search_exec(attacher->search, pid, name))
		plan_scan(attacher, attacher->scanned_ns + RESCAN_MISSED_NS);
}

static void on_unrelated(void *ctx, const char *name)
{
	const struct attacher *attacher = ctx;

	if (attacher->execs)
		exec_watch_unrelated(attacher->execs, name);
}

static void on_found(void *ctx, const struct binary *binary, const struct binary *replaced)
{
	struct attacher *attacher = ctx;

	attachments_found(&attacher->attachments, binary, replaced);
}

static void on_lost(void *ctx, const struct binary *binary)
{
	struct attacher *attacher = ctx;

	attachments_lost(&attacher->attachments, binary);
}

/* Its name is no proof of anything, and neither is what the searcher reports. */
static void on_master(void *ctx, int fd, const char *path)
{
	struct attacher *attacher = ctx;
	struct error error;
	int ret;

	if (!attacher->masters || masters_has(attacher->masters, fd))
		return;
	ret = verify_master(&attacher->attachments.verify, fd, &error);
	if (ret == 0)
		ret = masters_note(attacher->masters, fd, &error);
	if (ret < 0) {
		log_warning("%.1000s: not taken for Dovecot's master: %s", path, error.text);
		return;
	}
	log_info("%.1000s: is Dovecot's master by its contents", path);
	descents_look_again(attacher->descents);
}

static void on_stalled(void *ctx, const char *place, bool end, unsigned int count)
{
	struct attacher *attacher = ctx;

	if (end)
		log_info("search for Dovecot: %s: answers again", place);
	else
		log_warning(
			"search for Dovecot: %s: no answer for %d s (a file system whose server "
			"hangs?): left out, tried again later",
			place, (int)(SEARCH_PATIENCE_NS / NS_PER_SEC));
	attacher->attachments.stalled = count;
	attachments_report(&attacher->attachments, PRIV_STALLED);
}

/* Below a root, only files found below it matter, and those are watched or refused. */
static unsigned int unseen(const struct attacher *attacher, unsigned int limited,
			   unsigned int dovecots)
{
	const struct attachments *attachments = &attacher->attachments;

	if (!attacher->options.discover.processes)
		return 0;
	return attachments->stalled + limited +
	       (attachments->links + attachments->refused == 0 ? dovecots : 0);
}

static void note_scan(struct attacher *attacher, unsigned int limited, unsigned int dovecots)
{
	struct attachments *attachments = &attacher->attachments;
	unsigned int now_unseen = unseen(attacher, limited, dovecots);

	if (limited == attachments->limited && dovecots == attachments->dovecots &&
	    now_unseen == attachments->unseen)
		return;
	attachments->limited = limited;
	attachments->dovecots = dovecots;
	attachments->unseen = now_unseen;
	attachments_report(attachments, PRIV_LIMITED);
}

/* The same error is logged once, not with every search. */
static void on_scanned(void *ctx, const struct error *error, unsigned int limited,
		       unsigned int dovecots)
{
	struct attacher *attacher = ctx;

	if (error->code != 0 && strcmp(error->text, attacher->search_error.text) != 0)
		log_warning("search for Dovecot: %s", error->text);
	attacher->search_error = *error;
	note_scan(attacher, limited, dovecots);
	if (attacher->initial_scan_done)
		return;
	attacher->initial_scan_done = true;
	attachments_report(&attacher->attachments, PRIV_INITIAL_SCAN_DONE);
	attacher_report_ready(attacher);
}

const struct search_owner attacher_search_owner = {
	.found = on_found,
	.lost = on_lost,
	.scanned = on_scanned,
	.unrelated = on_unrelated,
	.master = on_master,
	.stalled = on_stalled,
};

void attacher_scan(struct attacher *attacher)
{
	search_scan(attacher->search);
	attacher->scanned_ns = clock_monotonic_ns();
	if (attacher->end_waits &&
	    attacher->scanned_ns >= attacher->followed_ns + RESCAN_ENDED_MIN) {
		attacher->end_waits = false;
		attacher->followed_ns = attacher->scanned_ns;
		attacher->interval_ns = RESCAN_ENDED_NS;
	}
	attacher->rescan_ns =
		attacher->scanned_ns + (attacher->execs ? attacher->interval_ns : RESCAN_BLIND_NS);
	attacher->interval_ns =
		attacher->interval_ns < RESCAN_NS / 2 ? attacher->interval_ns * 2 : RESCAN_NS;
	if (attacher->end_waits)
		plan_scan(attacher, attacher->followed_ns + RESCAN_ENDED_MIN);
}

void attacher_take_execs(struct attacher *attacher)
{
	enum exec_watch_search search = exec_watch_drain(attacher->execs);
	int64_t due_ns = attacher->scanned_ns + RESCAN_NESTED_NS, at_ns;

	if (exec_watch_master_started(attacher->execs))
		verify_expect(&attacher->attachments.verify);
	if (exec_watch_master_ended(attacher->execs))
		follow_end(attacher);
	/* Soon, but not all the time: there may be more than can be looked at. */
	if (search == EXEC_WATCH_SEARCH_SOON)
		plan_scan(attacher, attacher->scanned_ns + RESCAN_MISSED_NS);
	if (search != EXEC_WATCH_SEARCH_NESTED)
		return;
	at_ns = exec_watch_search_ns(attacher->execs);
	plan_scan(attacher, at_ns > due_ns ? at_ns : due_ns);
}

/* The watcher stands before the search, so that nothing starts unseen in between. */
int attacher_begin_search(struct attacher *attacher, struct error *error_r)
{
	struct error error;
	int ret;

	if (attacher->options.discover.processes &&
	    exec_watch_new(use_exec, attacher, &attacher->execs, &error) < 0)
		log_warning("%s; looking every %d s instead", error.text,
			    (int)(RESCAN_BLIND_NS / NS_PER_SEC));
	ret = search_start(attacher->search,
			   attacher->options.no_sandbox ? SEARCH_NO_SANDBOX : SEARCH_SANDBOXED,
			   &attacher->options.search_user, attacher->options.search, error_r);
	if (ret == 0)
		attacher_scan(attacher);
	return ret;
}
