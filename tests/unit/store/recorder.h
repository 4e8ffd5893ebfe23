/* SPDX-License-Identifier: MIT */
/*
 * A server on 127.0.0.1, or on a unix socket, that writes down what it gets and answers from a
 * script, one connection at a time, in a thread of its own.
 */
#ifndef DOVETAP_RECORDER_H
#define DOVETAP_RECORDER_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RECORDER_BYTES 65536

/* Once so many bytes more have come: answer, or reset the connection for a NULL. The last step has
 * 0 bytes. When the client closes, the next connection goes on with the step. */
struct recorder_step {
	size_t bytes;
	const char *answer;
};

struct recorder {
	int listener, port;
	const struct recorder_step *script;
	pthread_t thread;
	char got[RECORDER_BYTES + 1]; /* of all connections; look at it after recorder_stop() */
	size_t len, connections;
};

static void recorder_reset(int fd)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* Returns false at the end of the connection. */
static int recorder_take(struct recorder *recorder, int fd, size_t bytes)
{
	while (bytes > 0) {
		ssize_t n = recv(fd, recorder->got + recorder->len, bytes, 0);

		if (n <= 0)
			return 0;
		recorder->len += (size_t)n;
		bytes -= (size_t)n;
	}
	return 1;
}

/* Runs steps until the client or the script ends the connection. */
static void recorder_serve(struct recorder *recorder, int fd)
{
	char byte;

	for (; recorder->script->bytes > 0; recorder->script++) {
		const char *answer = recorder->script->answer;

		if (!recorder_take(recorder, fd, recorder->script->bytes)) {
			close(fd);
			return;
		}
		if (!answer) {
			recorder->script++;
			recorder_reset(fd);
			return;
		}
		(void)!write(fd, answer, strlen(answer));
	}
	while (recv(fd, &byte, 1, 0) > 0)
		recorder->got[recorder->len++] = byte; /* more than the script knows */
	close(fd);
}

static void *recorder_run(void *context)
{
	struct recorder *recorder = context;
	int fd;

	while ((fd = accept(recorder->listener, NULL, NULL)) >= 0) {
		recorder->connections++;
		recorder_serve(recorder, fd);
	}
	return NULL;
}

static void recorder_listen(struct recorder *recorder)
{
	assert_int_equal(listen(recorder->listener, 8), 0);
	assert_int_equal(pthread_create(&recorder->thread, NULL, recorder_run, recorder), 0);
}

static inline void recorder_start_unix(struct recorder *recorder,
				       const struct recorder_step *script, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*recorder = (struct recorder){.script = script};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	recorder->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(recorder->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	recorder_listen(recorder);
}

static inline void recorder_start(struct recorder *recorder, const struct recorder_step *script)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	*recorder = (struct recorder){.script = script};
	recorder->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(recorder->listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(recorder->listener, (struct sockaddr *)&address, &len), 0);
	recorder->port = ntohs(address.sin_port);
	recorder_listen(recorder);
}

/* The client must have closed its connection before. */
static void recorder_stop(struct recorder *recorder)
{
	shutdown(recorder->listener, SHUT_RDWR);
	pthread_join(recorder->thread, NULL);
	close(recorder->listener);
	recorder->got[recorder->len] = '\0';
}

#endif
