/* SPDX-License-Identifier: MIT */
#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <utlist.h>

#include "base/clock.h"

enum watch_kind { WATCH_FD, WATCH_TIMER, WATCH_SIGNALS };

struct loop_watch {
	struct loop_watch *prev, *next;
	struct loop *loop;
	enum watch_kind kind;
	int fd;
	loop_cb *cb;
	loop_signal_cb *signal_cb;
	void *context;
	bool removed; /* freed after the round, because epoll may still report it */
};

struct loop {
	int epoll_fd;
	bool stopped;
	struct loop_watch *watches, *removed;
};

int loop_new(struct loop **loop_r, struct error *error_r)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return error_set(error_r, ENOMEM, "out of memory for the event loop");
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		free(loop);
		return error_set(error_r, errno, "cannot create an epoll instance: %m");
	}
	*loop_r = loop;
	return 0;
}

static void free_removed(struct loop *loop)
{
	struct loop_watch *watch, *next;

	DL_FOREACH_SAFE(loop->removed, watch, next) {
		DL_DELETE(loop->removed, watch);
		free(watch);
	}
}

void loop_free(struct loop **loop)
{
	struct loop_watch *watch, *next;

	if (!*loop)
		return;
	DL_FOREACH_SAFE((*loop)->watches, watch, next) {
		struct loop_watch *doomed = watch;

		loop_remove(&doomed);
	}
	free_removed(*loop);
	close((*loop)->epoll_fd);
	free(*loop);
	*loop = NULL;
}

/* Takes over a timer's or signal's fd; a plain fd stays the caller's. */
static int watch_add(struct loop *loop, const struct loop_watch *template,
		     struct loop_watch **watch_r, struct error *error_r)
{
	struct loop_watch *watch = malloc(sizeof(*watch));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};

	if (!watch)
		return error_set(error_r, ENOMEM, "out of memory for a watch");
	*watch = *template;
	watch->loop = loop;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) < 0) {
		free(watch);
		return error_set(error_r, errno, "cannot watch descriptor %d: %m", template->fd);
	}
	DL_APPEND(loop->watches, watch);
	if (watch_r)
		*watch_r = watch;
	return 0;
}

int loop_add_fd(struct loop *loop, int fd, loop_cb *cb, void *context, struct loop_watch **watch_r,
		struct error *error_r)
{
	const struct loop_watch watch = {.kind = WATCH_FD, .fd = fd, .cb = cb, .context = context};

	return watch_add(loop, &watch, watch_r, error_r);
}

int loop_add_timer(struct loop *loop, loop_cb *cb, void *context, struct loop_watch **watch_r,
		   struct error *error_r)
{
	struct loop_watch watch = {.kind = WATCH_TIMER, .cb = cb, .context = context};
	int ret;

	watch.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (watch.fd < 0)
		return error_set(error_r, errno, "cannot create a timer: %m");
	ret = watch_add(loop, &watch, watch_r, error_r);
	if (ret < 0)
		close(watch.fd);
	return ret;
}

static struct timespec to_timespec(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / NS_PER_SEC, .tv_nsec = ns % NS_PER_SEC};
}

void loop_timer_set(struct loop_watch *timer, int64_t after_ns, int64_t every_ns)
{
	struct itimerspec spec = {.it_value = to_timespec(after_ns),
				  .it_interval = to_timespec(every_ns)};

	/* Fails only for a bad descriptor or a negative time, which are errors of the caller. */
	(void)timerfd_settime(timer->fd, 0, &spec, NULL);
}

int loop_add_signals(struct loop *loop, const int *signals, loop_signal_cb *cb, void *context,
		     struct error *error_r)
{
	struct loop_watch watch = {.kind = WATCH_SIGNALS, .signal_cb = cb, .context = context};
	sigset_t set;
	int ret;

	sigemptyset(&set);
	for (; *signals; signals++)
		sigaddset(&set, *signals);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return error_set(error_r, errno, "cannot block signals: %m");
	watch.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (watch.fd < 0)
		return error_set(error_r, errno, "cannot create a signal descriptor: %m");
	ret = watch_add(loop, &watch, NULL, error_r);
	if (ret < 0)
		close(watch.fd);
	return ret;
}

void loop_remove(struct loop_watch **watch_p)
{
	struct loop_watch *watch = *watch_p;

	if (!watch)
		return;
	(void)epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	if (watch->kind != WATCH_FD)
		close(watch->fd);
	watch->removed = true;
	DL_DELETE(watch->loop->watches, watch);
	DL_APPEND(watch->loop->removed, watch);
	*watch_p = NULL;
}

static void dispatch(struct loop_watch *watch)
{
	struct signalfd_siginfo info;
	uint64_t expirations;

	switch (watch->kind) {
	case WATCH_FD:
		watch->cb(watch->loop, watch->context);
		break;
	case WATCH_TIMER:
		if (read(watch->fd, &expirations, sizeof(expirations)) == sizeof(expirations))
			watch->cb(watch->loop, watch->context);
		break;
	case WATCH_SIGNALS:
		if (read(watch->fd, &info, sizeof(info)) == sizeof(info))
			watch->signal_cb(watch->loop, (int)info.ssi_signo, watch->context);
		break;
	}
}

int loop_run(struct loop *loop, struct error *error_r)
{
	struct epoll_event events[16];

	loop->stopped = false;
	while (!loop->stopped) {
		int count = epoll_wait(loop->epoll_fd, events, 16, -1);

		if (count < 0 && errno != EINTR)
			return error_set(error_r, errno, "waiting for events failed: %m");
		for (int i = 0; i < count; i++) {
			struct loop_watch *watch = events[i].data.ptr;

			if (!watch->removed)
				dispatch(watch);
		}
		free_removed(loop);
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
