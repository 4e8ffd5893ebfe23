/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utlist.h>

#include "attach/attacher_private.h"
#include "attach/kernel.h"
#include "base/log.h"
#include "priv/sandbox.h"

#define RING_BYTES_DEFAULT (4U << 20)
#define OLD_RING_NS	   (1 * NS_PER_SEC) /* between two looks whether it is read */
#define FILES_WANTED	   65536 /* of RLIMIT_NOFILE: one for each attached file and more */

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

	inherited_take(&attacher->inherited, &attacher->fd_stores);
	return maps_open(&attacher->maps, bytes ? bytes : RING_BYTES_DEFAULT, &attacher->inherited,
			 &attacher->fd_stores, error_r);
}

/* Each file with a probe on it counts as known, until nothing leads to it any more. */
static int restore(struct attacher *attacher, struct error *error_r)
{
	struct inherited_link *link, *next;

	LL_FOREACH_SAFE(attacher->inherited.links, link, next) {
		if (!(attacher->options.discover.roles & PRIV_ROLE_BIT(link->is.role)))
			inherited_detach(&attacher->inherited, &attacher->fd_stores, link);
		else if (search_restore(attacher->search, link->is.role, &link->is.id) < 0)
			return error_set(error_r, ENOMEM, "out of memory");
	}
	return 0;
}

/* Without it, what outlives its master is not believed to be Dovecot's. */
static void remember_descents(struct attacher *attacher)
{
	struct error error = {0};

	if (descents_new(loader_kernel(attacher->loader), &attacher->maps, &attacher->fd_stores,
			 &attacher->descents, &error) < 0)
		log_info("processes whose Dovecot master ends are not proved to be its own: %s",
			 error.text);
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
		.wanted_texts = attacher->options.wanted_texts,
	};
	int ret = attacher_check_rights(loading.method, error_r);

	if (ret == 0)
		ret = take_over(attacher, error_r);
	if (ret == 0)
		ret = loader_new(&loading, &attacher->loader, error_r);
	attacher->attachments.loader = attacher->loader;
	if (ret == 0)
		remember_descents(attacher);
	if (ret == 0 && masters_new(loader_kernel(attacher->loader), attacher->maps.masters_fd,
				    &attacher->masters) < 0)
		ret = error_set(error_r, ENOMEM, "out of memory");
	if (ret == 0)
		ret = search_new(&attacher->options.discover, &attacher->search_owner,
				 &attacher->search, error_r);
	return ret < 0 ? ret : restore(attacher, error_r);
}

int attacher_new(const struct attacher_options *options, struct attacher **attacher_r,
		 struct error *error_r)
{
	struct attacher *attacher = calloc(1, sizeof(*attacher));
	int ret;

	if (!attacher)
		return error_set(error_r, ENOMEM, "out of memory");
	attacher->options = *options;
	if (attacher->options.discover.roles == 0)
		attacher->options.discover.roles = PRIV_ROLES_ALL;
	attacher->signal_fd = -1;
	attacher->interval_ns = RESCAN_NS;
	attachments_init(&attacher->attachments);
	attacher->search_owner = attacher_search_owner;
	attacher->search_owner.ctx = attacher;
	attacher->fd_stores =
		(struct fd_stores){.list = options->fd_stores, .count = options->fd_store_count};
	attacher->maps = (struct maps)MAPS_NONE;
	attacher->inherited = (struct inherited)INHERITED_NOTHING;
	attacher->attachments.fd_stores = &attacher->fd_stores;
	attacher->attachments.inherited = &attacher->inherited;
	attacher->attachments.verify = (struct verify){
		.program = options->search,
		.rights = options->no_sandbox ? SEARCH_NO_SANDBOX : SEARCH_SANDBOXED,
		.user = options->search_user,
		.fuse = options->discover.fuse,
	};
	attacher->setup = (struct child_setup){
		.user = options->user,
		.watchdog_ns = options->watchdog_ns,
		.no_sandbox = options->no_sandbox,
		.maps = &attacher->maps,
		.program = options->program,
		.configuration = options->configuration,
		.lock = options->lock,
	};
	resolver_init(&attacher->resolver);
	child_init(&attacher->child, &attacher->setup);
	attacher->attachments.child = &attacher->child;
	raise_file_limit();
	ret = prepare(attacher, error_r);
	if (ret < 0) {
		attacher_free(&attacher);
		return ret;
	}
	*attacher_r = attacher;
	return 0;
}

static void end_attachments(struct attacher *attacher)
{
	if (attacher->fd_stores.count > 0)
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
	descents_free(&(*attacher)->descents);
	masters_free(&(*attacher)->masters);
	loader_free(&(*attacher)->loader);
	inherited_release(&(*attacher)->inherited);
	maps_close(&(*attacher)->maps);
	child_release(&(*attacher)->child);
	resolver_release(&(*attacher)->resolver);
	if ((*attacher)->setup.configuration >= 0)
		close((*attacher)->setup.configuration);
	if ((*attacher)->signal_fd >= 0)
		close((*attacher)->signal_fd);
	free(*attacher);
	*attacher = NULL;
}

/* What is due by time. */
static void take_time(struct attacher *attacher)
{
	struct child *child = &attacher->child;
	int64_t now = clock_monotonic_ns();
	struct error error;

	if (attacher->kill_ns != 0) {
		if (now >= attacher->kill_ns)
			child_signal(child, SIGKILL);
		return;
	}
	if (now >= attacher->rescan_ns)
		attacher_scan(attacher);
	resolver_due(&attacher->resolver);
	verify_due(&attacher->attachments.verify);
	if (now >= search_due_ns(attacher->search))
		search_due(attacher->search);
	/* Nobody writes there any more once each probe of before is taken over or detached. */
	if (attacher->maps.old_count > 0 && !attacher->inherited.links)
		maps_drop_read(&attacher->maps, &attacher->fd_stores);
	if (child->restart_ns == 0 || now < child->restart_ns)
		return;
	if (attacher_start_collector(attacher, &error) < 0) {
		log_error("collector: %s", error.text);
		child_plan_restart(child);
	}
}

static int wait_ms(const struct attacher *attacher)
{
	int64_t due = attacher->kill_ns ? attacher->kill_ns : attacher->rescan_ns;
	int64_t restart = attacher->child.restart_ns, now = clock_monotonic_ns();

	if (attacher->kill_ns == 0 && restart != 0 && restart < due)
		due = restart;
	if (attacher->kill_ns == 0 && search_due_ns(attacher->search) < due)
		due = search_due_ns(attacher->search);
	if (resolver_due_ns(&attacher->resolver) < due)
		due = resolver_due_ns(&attacher->resolver);
	if (verify_due_ns(&attacher->attachments.verify) < due)
		due = verify_due_ns(&attacher->attachments.verify);
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
		{.fd = attacher->child.peer, .events = POLLIN},
		{.fd = attacher->resolver.channel, .events = POLLIN},
	};

	if (poll(fds, sizeof(fds) / sizeof(fds[0]), wait_ms(attacher)) < 0 && errno != EINTR)
		return error_set(error_r, errno, "poll: %s", strerror(errno));
	if (fds[1].revents)
		search_receive(attacher->search);
	if (fds[2].revents && attacher->kill_ns == 0)
		attacher_take_execs(attacher);
	if (fds[3].revents)
		attacher_take_message(attacher);
	if (fds[4].revents)
		attacher_take_resolution(attacher);
	if (fds[0].revents)
		attacher_take_signals(attacher);
	take_time(attacher);
	attacher_follow_changes(attacher);
	return 0;
}

static int reduce_rights(const struct attacher *attacher, struct error *error_r)
{
	unsigned int keep = PRIV_KEEP_ATTACH | PRIV_KEEP_COLLECTOR;
	int ret;

	if (loader_method(attacher->loader) == ATTACH_PERF)
		keep |= PRIV_KEEP_PERF;
	if (kernel_counts_memlock())
		keep |= PRIV_KEEP_MEMLOCK;
	ret = priv_keep(keep, error_r);
	if (ret < 0 || attacher->options.no_sandbox)
		return ret;
	return priv_sandbox_enter(PRIV_ATTACHER, error_r);
}

int attacher_run(struct attacher *attacher, struct error *error_r)
{
	struct child_setup *setup = &attacher->setup;
	int ret;

	if (setup->user.fallback)
		log_warning("there is no user \"%s\": the collector runs as \"%s\"",
			    PRIV_DEFAULT_USER, setup->user.name);
	ret = attacher_take_over_signals(attacher, error_r);
	/* Before the first collector, so that it is started as all later ones are. */
	if (ret == 0)
		ret = reduce_rights(attacher, error_r);
	if (ret == 0)
		ret = attacher_start_collector(attacher, error_r);
	if (ret == 0)
		ret = attacher_begin_search(attacher, error_r);
	while (ret == 0 && !attacher->done)
		ret = turn(attacher, error_r);
	sigprocmask(SIG_SETMASK, &setup->signals, NULL);
	return ret < 0 ? ret : attacher->exit_status;
}
