/* SPDX-License-Identifier: MIT */
#include "attach/attacher.h"

#include "attach/attachments.h"
#include "attach/collector.h"
#include "attach/exec_watch.h"
#include "attach/inherited.h"
#include "attach/keepers.h"
#include "attach/kernel.h"
#include "attach/maps.h"
#include "attach/search.h"
#include "base/clock.h"
#include "base/log.h"
#include "priv/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <utlist.h>

#define RING_BYTES_DEFAULT (4U << 20)
#define RESCAN_NS	   (60 * NS_PER_SEC)
#define RESCAN_SOON_NS	   (5 * NS_PER_SEC)  /* after a change; each next takes twice as long */
#define RESCAN_BLIND_NS	   (5 * NS_PER_SEC)  /* when new processes are not told by the kernel */
#define RESCAN_MISSED_NS   (1 * NS_PER_SEC)  /* when it told of more than could be looked at */
#define OLD_RING_NS	   (1 * NS_PER_SEC)  /* between two looks whether it is read */
#define STOP_PATIENCE_NS   (60 * NS_PER_SEC) /* for the collector to drain */
#define FILES_WANTED	   65536 /* of RLIMIT_NOFILE: one for each attached file and more */

struct attacher {
	struct attacher_options options;
	struct keepers keepers;
	struct inherited inherited;
	struct maps maps;
	struct loader *loader;
	struct search *search;
	struct search_owner search_owner;
	struct exec_watch *execs; /* NULL: the kernel does not tell */
	struct attachments attachments;
	bool settled; /* the first search is over */
	struct collector_setup setup;
	struct collector collector;
	int signal_fd;
	int64_t scanned_ns, rescan_ns, interval_ns;
	unsigned int changes; /* of the attachments, when last looked at */
	struct error trouble; /* of the last search */
	bool reloading;	      /* the collector was told to make room for the next */
	int64_t kill_ns;      /* 0: not stopping */
	bool done;
	int exit_status;
};

/* At due_ns or before. */
static void plan_scan(struct attacher *attacher, int64_t due_ns)
{
	attacher->rescan_ns = due_ns < attacher->rescan_ns ? due_ns : attacher->rescan_ns;
}

/*
 * Where containers come they also go, and only a search tells that nothing runs a file any more.
 * At the usual pace files would pile up until no more are taken.
 */
static void follow_changes(struct attacher *attacher)
{
	if (attacher->changes == attacher->attachments.changes)
		return;
	attacher->changes = attacher->attachments.changes;
	attacher->interval_ns = RESCAN_SOON_NS;
	plan_scan(attacher, clock_monotonic_ns() + RESCAN_SOON_NS);
}

static void use_exec(void *ctx, pid_t pid, const char *name)
{
	struct attacher *attacher = ctx;

	if (!search_exec(attacher->search, pid, name))
		plan_scan(attacher, attacher->scanned_ns + RESCAN_MISSED_NS);
}

static void on_stranger(void *ctx, const char *name)
{
	const struct attacher *attacher = ctx;

	if (attacher->execs)
		exec_watch_stranger(attacher->execs, name);
}

static void on_found(void *ctx, const struct build *build, const struct build *replaced)
{
	struct attacher *attacher = ctx;

	attachments_found(&attacher->attachments, build, replaced);
}

static void on_lost(void *ctx, const struct build *build)
{
	struct attacher *attacher = ctx;

	attachments_lost(&attacher->attachments, build);
}

static void on_hung(void *ctx, const char *place, bool end, unsigned int count)
{
	struct attacher *attacher = ctx;

	if (end)
		log_info("search for Dovecot: %s: answers again", place);
	else
		log_warning(
			"search for Dovecot: %s: no answer for %d s (a file system whose server "
			"hangs?): left out, tried again later",
			place, (int)(SEARCH_PATIENCE_NS / NS_PER_SEC));
	attacher->attachments.hung = count;
	attachments_tell(&attacher->attachments, PRIV_HUNG);
}

static void report_ready(const struct attacher *attacher)
{
	if (attacher->settled && attacher->collector.ready && attacher->options.ready)
		attacher->options.ready(attacher->setup.ctx, attacher->attachments.links);
}

/* The same trouble is told once, not with every search. */
static void on_scanned(void *ctx, const struct error *error)
{
	struct attacher *attacher = ctx;

	if (error->code != 0 && strcmp(error->text, attacher->trouble.text) != 0)
		log_warning("search for Dovecot: %s", error->text);
	attacher->trouble = *error;
	if (attacher->settled)
		return;
	attacher->settled = true;
	attachments_tell(&attacher->attachments, PRIV_SETTLED);
	report_ready(attacher);
}

static void scan(struct attacher *attacher)
{
	search_scan(attacher->search);
	attacher->scanned_ns = clock_monotonic_ns();
	attacher->rescan_ns =
		attacher->scanned_ns + (attacher->execs ? attacher->interval_ns : RESCAN_BLIND_NS);
	attacher->interval_ns =
		attacher->interval_ns < RESCAN_NS / 2 ? attacher->interval_ns * 2 : RESCAN_NS;
}

/* Files, one for each build ever attached, outnumber the usual soft limit on a container host. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= FILES_WANTED)
		return;
	limit.rlim_cur = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int take_over(struct attacher *attacher, struct error *error_r)
{
	size_t bytes = attacher->options.ring_bytes;

	inherited_take(&attacher->inherited, &attacher->keepers);
	return maps_open(&attacher->maps, bytes ? bytes : RING_BYTES_DEFAULT, &attacher->inherited,
			 &attacher->keepers, error_r);
}

/* Each file with a probe on it counts as known, until nothing leads to it any more. */
static int restore(struct attacher *attacher, struct error *error_r)
{
	struct inherited_link *link, *next;

	LL_FOREACH_SAFE(attacher->inherited.links, link, next) {
		if (!(attacher->options.discover.roles & PRIV_ROLE_BIT(link->is.role)))
			inherited_detach(&attacher->inherited, &attacher->keepers, link);
		else if (search_restore(attacher->search, link->is.role, &link->is.id) < 0)
			return error_set(error_r, ENOMEM, "out of memory");
	}
	return 0;
}

int attacher_check_rights(enum attach_method method, struct error *error_r)
{
	bool multi = method == ATTACH_MULTI || (method == ATTACH_AUTO && kernel_has_uprobe_multi());

	return kernel_require_capabilities(multi, error_r);
}

static int prepare(struct attacher *attacher, struct error *error_r)
{
	struct loader_options loading = {
		.maps = &attacher->maps,
		.method = attacher->options.method,
		.roles = attacher->options.discover.roles,
		.wanted_texts = attacher->options.wanted_texts,
	};
	int err = attacher_check_rights(loading.method, error_r);

	if (err == 0)
		err = priv_user_find(attacher->options.user, &attacher->setup.user, error_r);
	if (err == 0)
		err = take_over(attacher, error_r);
	if (err == 0)
		err = loader_new(&loading, &attacher->loader, error_r);
	attacher->attachments.loader = attacher->loader;
	if (err == 0)
		err = search_new(&attacher->options.discover, &attacher->search_owner,
				 &attacher->search, error_r);
	return err < 0 ? err : restore(attacher, error_r);
}

int attacher_new(const struct attacher_options *options, struct attacher **attacher_r,
		 struct error *error_r)
{
	struct attacher *attacher = calloc(1, sizeof(*attacher));
	int err;

	if (!attacher)
		return error_set(error_r, ENOMEM, "out of memory");
	attacher->options = *options;
	if (attacher->options.discover.roles == 0)
		attacher->options.discover.roles = PRIV_ROLES_ALL;
	attacher->signal_fd = -1;
	attacher->interval_ns = RESCAN_NS;
	attachments_init(&attacher->attachments);
	attacher->search_owner = (struct search_owner){
		.ctx = attacher,
		.found = on_found,
		.lost = on_lost,
		.scanned = on_scanned,
		.stranger = on_stranger,
		.hung = on_hung,
	};
	attacher->keepers =
		(struct keepers){.list = options->keepers, .count = options->keeper_count};
	attacher->maps = (struct maps){.ring_fd = -1, .counters_fd = -1};
	attacher->inherited.counters_fd = -1;
	attacher->attachments.keepers = &attacher->keepers;
	attacher->attachments.inherited = &attacher->inherited;
	attacher->setup.maps = &attacher->maps;
	collector_init(&attacher->collector, &attacher->setup);
	attacher->attachments.collector = &attacher->collector;
	raise_file_limit();
	err = prepare(attacher, error_r);
	if (err < 0) {
		attacher_free(&attacher);
		return err;
	}
	*attacher_r = attacher;
	return 0;
}

static void end_attachments(struct attacher *attacher)
{
	if (attacher->keepers.count > 0)
		attachments_leave(&attacher->attachments);
	else
		attachments_detach(&attacher->attachments);
}

void attacher_free(struct attacher **attacher)
{
	if (!*attacher)
		return;
	end_attachments(*attacher);
	attachments_release(&(*attacher)->attachments);
	exec_watch_free(&(*attacher)->execs);
	search_free(&(*attacher)->search);
	loader_free(&(*attacher)->loader);
	inherited_release(&(*attacher)->inherited);
	maps_close(&(*attacher)->maps);
	collector_release(&(*attacher)->collector);
	if ((*attacher)->signal_fd >= 0)
		close((*attacher)->signal_fd);
	free(*attacher);
	*attacher = NULL;
}

static int start_collector(struct attacher *attacher, struct error *error_r)
{
	int err = collector_start(&attacher->collector, error_r);

	if (err < 0)
		return err;
	attachments_tell_all(&attacher->attachments);
	if (attacher->settled)
		attachments_tell(&attacher->attachments, PRIV_SETTLED);
	return 0;
}

/*
 * No more events first, so that what the collector then drains is all there is. What is kept goes
 * on: the logins of meanwhile are there for the next process.
 */
static void stop(struct attacher *attacher)
{
	if (attacher->kill_ns != 0)
		return;
	attacher->kill_ns = clock_monotonic_ns() + STOP_PATIENCE_NS;
	if (attacher->keepers.count == 0)
		attachments_detach(&attacher->attachments);
	collector_signal(&attacher->collector, SIGTERM);
	attacher->done = attacher->collector.pid == 0;
}

/* Whether another collector would end in the same way. */
static bool is_final(int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) == EX_TEMPFAIL)
		return false;
	return WEXITSTATUS(status) == 0 ||
	       (WEXITSTATUS(status) >= EX__BASE && WEXITSTATUS(status) <= EX__MAX);
}

static void say_ended(int status, int64_t delay_ns)
{
	double delay = (double)delay_ns / (double)NS_PER_SEC;

	if (WIFSIGNALED(status))
		log_error("the collector was killed by signal %d (%s); starting another in %.1f s",
			  WTERMSIG(status), strsignal(WTERMSIG(status)), delay);
	else
		log_error("the collector ended with status %d; starting another in %.1f s",
			  WEXITSTATUS(status), delay);
}

static void reap(struct attacher *attacher)
{
	int status;

	if (!collector_reap(&attacher->collector, &status))
		return;
	if (attacher->reloading && attacher->kill_ns == 0) {
		attacher->reloading = false;
		attacher->collector.restart_ns = clock_monotonic_ns();
		return;
	}
	if (attacher->kill_ns != 0 || is_final(status)) {
		attacher->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
		attacher->done = true;
		return;
	}
	say_ended(status, collector_plan_restart(&attacher->collector));
}

static void reload(struct attacher *attacher)
{
	if (!attacher->options.reload || attacher->kill_ns != 0 ||
	    attacher->options.reload(attacher->setup.ctx) < 0)
		return;
	attacher->reloading = attacher->collector.pid != 0;
	collector_signal(&attacher->collector, SIGTERM);
}

static void take_signals(struct attacher *attacher)
{
	struct signalfd_siginfo info;

	while (read(attacher->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			reap(attacher);
			if (attacher->kill_ns == 0)
				search_due(attacher->search);
			break;
		case SIGHUP:
			reload(attacher);
			break;
		default:
			stop(attacher);
			break;
		}
	}
}

static void take_execs(struct attacher *attacher)
{
	if (exec_watch_drain(attacher->execs))
		/* Soon, but not all the time: there may be more than can be looked at. */
		plan_scan(attacher, attacher->scanned_ns + RESCAN_MISSED_NS);
}

/* What is due by time. */
static void take_time(struct attacher *attacher)
{
	struct collector *collector = &attacher->collector;
	int64_t now = clock_monotonic_ns();
	struct error error;

	if (attacher->kill_ns != 0) {
		if (now >= attacher->kill_ns)
			collector_signal(collector, SIGKILL);
		return;
	}
	if (now >= attacher->rescan_ns)
		scan(attacher);
	if (now >= search_due_ns(attacher->search))
		search_due(attacher->search);
	/* Nobody writes there any more once each probe of before is taken over or detached. */
	if (attacher->maps.old_count > 0 && !attacher->inherited.links)
		maps_drop_read(&attacher->maps, &attacher->keepers);
	if (collector->restart_ns == 0 || now < collector->restart_ns)
		return;
	if (start_collector(attacher, &error) < 0) {
		log_error("collector: %s", error.text);
		collector_plan_restart(collector);
	}
}

static int wait_ms(const struct attacher *attacher)
{
	int64_t due = attacher->kill_ns ? attacher->kill_ns : attacher->rescan_ns;
	int64_t restart = attacher->collector.restart_ns, now = clock_monotonic_ns();

	if (attacher->kill_ns == 0 && restart != 0 && restart < due)
		due = restart;
	if (attacher->kill_ns == 0 && search_due_ns(attacher->search) < due)
		due = search_due_ns(attacher->search);
	if (attacher->maps.old_count > 0 && due > now + OLD_RING_NS)
		due = now + OLD_RING_NS;
	return due <= now ? 0 : (int)((due - now) / NS_PER_MSEC) + 1;
}

static int turn(struct attacher *attacher, struct error *error_r)
{
	struct pollfd fds[] = {
		{.fd = attacher->signal_fd, .events = POLLIN},
		{.fd = attacher->kill_ns == 0 ? search_fd(attacher->search) : -1, .events = POLLIN},
		{.fd = attacher->execs ? exec_watch_fd(attacher->execs) : -1, .events = POLLIN},
		{.fd = attacher->collector.peer, .events = POLLIN},
	};

	if (poll(fds, sizeof(fds) / sizeof(fds[0]), wait_ms(attacher)) < 0 && errno != EINTR)
		return error_set(error_r, errno, "poll: %s", strerror(errno));
	if (fds[1].revents)
		search_hear(attacher->search);
	if (fds[2].revents && attacher->kill_ns == 0)
		take_execs(attacher);
	if (fds[3].revents && collector_hear(&attacher->collector))
		report_ready(attacher);
	if (fds[0].revents)
		take_signals(attacher);
	take_time(attacher);
	follow_changes(attacher);
	return 0;
}

static int take_over_signals(struct attacher *attacher, struct error *error_r)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &mask, &attacher->setup.signals) < 0)
		return error_set(error_r, errno, "sigprocmask: %s", strerror(errno));
	attacher->signal_fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (attacher->signal_fd < 0)
		return error_set(error_r, errno, "signalfd: %s", strerror(errno));
	return 0;
}

/* The watcher stands before the search, so that nothing starts unseen in between. */
static int begin_search(struct attacher *attacher, struct error *error_r)
{
	struct error error;
	int err;

	if (attacher->options.discover.processes &&
	    exec_watch_new(use_exec, attacher, &attacher->execs, &error) < 0)
		log_warning("%s; looking every %d s instead", error.text,
			    (int)(RESCAN_BLIND_NS / NS_PER_SEC));
	err = search_start(attacher->search,
			   attacher->options.no_sandbox ? SEARCH_NO_SANDBOX : SEARCH_SANDBOXED,
			   error_r);
	if (err == 0)
		scan(attacher);
	return err;
}

static int reduce_rights(const struct attacher *attacher, struct error *error_r)
{
	unsigned int keep = PRIV_KEEP_ATTACH | PRIV_KEEP_COLLECTOR;
	int err;

	if (loader_method(attacher->loader) == ATTACH_PERF)
		keep |= PRIV_KEEP_PERF;
	if (kernel_counts_memlock())
		keep |= PRIV_KEEP_MEMLOCK;
	err = priv_keep(keep, error_r);
	if (err < 0 || attacher->options.no_sandbox)
		return err;
	return priv_sandbox_enter(PRIV_ATTACHER, error_r);
}

int attacher_run(struct attacher *attacher, collector_main_fn *collector_main, void *ctx,
		 struct error *error_r)
{
	struct collector_setup *setup = &attacher->setup;
	int err;

	setup->no_sandbox = attacher->options.no_sandbox;
	setup->keep_fds = attacher->options.keep_fds;
	setup->keep_fd_count = attacher->options.keep_fd_count;
	setup->main = collector_main;
	setup->ctx = ctx;
	if (setup->user.fallback)
		log_warning("there is no user \"%s\": the collector runs as \"%s\"",
			    PRIV_DEFAULT_USER, setup->user.name);
	err = take_over_signals(attacher, error_r);
	/* Before the first collector, so that it is started as all later ones are. */
	if (err == 0)
		err = reduce_rights(attacher, error_r);
	if (err == 0)
		err = start_collector(attacher, error_r);
	if (err == 0)
		err = begin_search(attacher, error_r);
	while (err == 0 && !attacher->done)
		err = turn(attacher, error_r);
	sigprocmask(SIG_SETMASK, &setup->signals, NULL);
	return err < 0 ? err : attacher->exit_status;
}
