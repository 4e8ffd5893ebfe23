/* SPDX-License-Identifier: MIT */
/* A collector's control socket in the current folder that answers once, as the case wants it. */
#ifndef DOVETAP_ANSWER_H
#define DOVETAP_ANSWER_H

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "../conf/folder.h"
#include "serve/listen.h"

struct answer {
	pthread_t thread;
	int fd;
	const char *text;
	size_t padding; /* bytes behind it */
	char request[1000];
	char path[300];
};

static inline void *answer_once(void *context)
{
	struct answer *answer = context;
	int fd = accept(answer->fd, NULL, NULL);
	ssize_t got = read(fd, answer->request, sizeof(answer->request) - 1);

	answer->request[got > 0 ? got : 0] = '\0';
	(void)!write(fd, answer->text, strlen(answer->text));
	for (size_t i = 0; i < answer->padding; i++) {
		if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
	return context;
}

static inline void answer_begin(struct answer *answer, const char *text, size_t padding)
{
	*answer = (struct answer){.text = text, .padding = padding};
	(void)snprintf(answer->path, sizeof(answer->path), "%s/control", folder);
	answer->fd = listen_open(answer->path, false, NULL);
	assert_true(answer->fd >= 0);
	assert_int_equal(pthread_create(&answer->thread, NULL, answer_once, answer), 0);
}

static inline void answer_end(struct answer *answer)
{
	assert_int_equal(pthread_join(answer->thread, NULL), 0);
	close(answer->fd);
	assert_int_equal(unlink(answer->path), 0);
}

#endif
