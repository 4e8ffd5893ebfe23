/* SPDX-License-Identifier: MIT */
/* Signals, and the life of the collector: start, reload, restart after a crash, end. Reads nothing
 * that the collector sends but fixed-size messages. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "attach/attacher_private.h"
#include "base/log.h"
#include "base/memory_trim.h"
#include "priv/handover.h"
#include "priv/notify.h"

#define STOP_PATIENCE_NS (60 * NS_PER_SEC) /* for the collector to drain */

void attacher_report_ready(const struct attacher *attacher)
{
	if (!attacher->initial_scan_done || !attacher->child.ready)
		return;
	if (attacher->options.ready)
		attacher->options.ready(attacher->attachments.links);
	memory_trim();
}

void attacher_take_message(struct attacher *attacher)
{
	struct priv_message message;

	switch (child_receive(&attacher->child, &message)) {
	case CHILD_IS_READY:
		attacher_report_ready(attacher);
		break;
	case CHILD_REFUSES_A_LAYOUT:
		attachments_refuse(&attacher->attachments, message.file, message.reason);
		break;
	case CHILD_NOTHING:
		break;
	}
}

int attacher_take_over_signals(struct attacher *attacher, struct error *error_r)
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

int attacher_start_collector(struct attacher *attacher, struct error *error_r)
{
	int ret = child_start(&attacher->child, error_r);

	if (ret < 0)
		return ret;
	attachments_report_all(&attacher->attachments);
	if (attacher->initial_scan_done)
		attachments_report(&attacher->attachments, PRIV_INITIAL_SCAN_DONE);
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
	if (attacher->fd_stores.count == 0)
		attachments_detach(&attacher->attachments);
	child_signal(&attacher->child, SIGTERM);
	attacher->done = attacher->child.pid == 0;
}

/* Whether another collector would end in the same way. */
static bool is_final(int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) == EX_TEMPFAIL)
		return false;
	return WEXITSTATUS(status) == 0 ||
	       (WEXITSTATUS(status) >= EX__BASE && WEXITSTATUS(status) <= EX__MAX);
}

static void log_ended(int status, int64_t delay_ns)
{
	double delay = (double)delay_ns / (double)NS_PER_SEC;

	if (WIFSIGNALED(status))
		log_error("the collector was killed by signal %d (%s); starting another in %.1f s",
			  WTERMSIG(status), strsignal(WTERMSIG(status)), delay);
	else
		log_error("the collector ended with status %d; starting another in %.1f s",
			  WEXITSTATUS(status), delay);
}

/* Of a collector that was to end. What it left in the ring is lost with the ring only. */
static int status_of_end(const struct attacher *attacher, int status)
{
	if (!WIFEXITED(status))
		return EX_SOFTWARE;
	if (WEXITSTATUS(status) != COLLECTOR_EXIT_UNWRITTEN)
		return WEXITSTATUS(status);
	if (attacher->fd_stores.count > 0) {
		log_info("what is left in the ring waits there for the next dovetap");
		return EX_OK;
	}
	log_error("what is left in the ring is lost with it");
	return COLLECTOR_EXIT_UNWRITTEN;
}

static void reap(struct attacher *attacher)
{
	int status;

	if (!child_reap(&attacher->child, &status))
		return;
	if (attacher->reloading && attacher->kill_ns == 0) {
		attacher->reloading = false;
		attacher->child.restart_ns = clock_monotonic_ns();
		return;
	}
	if (attacher->kill_ns != 0 || is_final(status)) {
		attacher->exit_status = status_of_end(attacher, status);
		attacher->done = true;
		return;
	}
	log_ended(status, child_plan_restart(&attacher->child));
}

/* With either result; code 0: the new configuration is in force. */
static void end_reload(const struct error *error)
{
	if (error->code != 0)
		log_error("the old configuration stays: %s", error->text);
	notify_reloaded();
}

static void reload(struct attacher *attacher)
{
	struct error error;

	if (attacher->kill_ns != 0)
		return;
	notify_reloading();
	if (resolver_start(&attacher->resolver, attacher->options.program,
			   attacher->setup.configuration, &attacher->setup.signals, &error) < 0)
		end_reload(&error);
}

static void use_resolution(struct attacher *attacher, int configuration,
			   const struct resolution *resolution)
{
	close(attacher->setup.configuration);
	attacher->setup.configuration = configuration;
	if (attacher->options.reloaded)
		attacher->options.reloaded(resolution);
	log_info("the configuration was read anew");
	attacher->reloading = attacher->child.pid != 0;
	child_signal(&attacher->child, SIGTERM);
}

void attacher_take_resolution(struct attacher *attacher)
{
	struct resolution resolution;
	struct error error = {0};
	int fd = resolver_take_answer(&attacher->resolver, &error);

	if (fd == -EAGAIN)
		return;
	if (fd >= 0 && resolution_open_lists(fd, &resolution, &error) == 0) {
		if (attacher->kill_ns == 0)
			use_resolution(attacher, fd, &resolution);
		resolution_close(&resolution);
	} else if (fd >= 0) {
		close(fd);
	}
	end_reload(&error);
}

void attacher_take_signals(struct attacher *attacher)
{
	struct signalfd_siginfo info;

	while (read(attacher->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			reap(attacher);
			if (resolver_reap(&attacher->resolver) && attacher->resolver.again)
				reload(attacher);
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
