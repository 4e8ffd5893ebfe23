/* SPDX-License-Identifier: MIT */
/*
 * Up to a few Redis servers on 127.0.0.1 in one thread, whose every answer the test decides:
 * answer() is called with each command and appends what goes back.
 */
#ifndef DOVETAP_FAKE_REDIS_H
#define DOVETAP_FAKE_REDIS_H

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"

#define FAKE_NODES 3
#define FAKE_CONNS 64

struct fake_redis;

/* command->element are the words. What it appends to out is sent; false closes the connection
 * afterwards. */
typedef bool fake_answer(struct fake_redis *fake, int node, const redisReply *command,
			 struct buf *out);

struct fake_conn {
	int fd, node; /* fd -1: free */
	redisReader *reader;
};

struct fake_redis {
	fake_answer *answer;
	int knob; /* the test's own */

	int listener[FAKE_NODES], port[FAKE_NODES], stop;
	struct fake_conn conns[FAKE_CONNS];
	pthread_t thread;
	unsigned int commands[FAKE_NODES], connections[FAKE_NODES]; /* look after fake_stop() */
};

static inline bool fake_is(const redisReply *command, const char *word)
{
	return strcasecmp(command->element[0]->str, word) == 0;
}

static inline void fake_close(struct fake_conn *conn)
{
	close(conn->fd);
	redisReaderFree(conn->reader);
	conn->fd = -1;
}

static inline void fake_accept(struct fake_redis *fake, int node)
{
	int fd = accept(fake->listener[node], NULL, NULL);

	for (int i = 0; i < FAKE_CONNS; i++) {
		struct fake_conn *conn = &fake->conns[i];

		if (conn->fd >= 0)
			continue;
		*conn = (struct fake_conn){fd, node, redisReaderCreate()};
		fake->connections[node]++;
		return;
	}
	close(fd);
}

static inline void fake_serve(struct fake_redis *fake, struct fake_conn *conn)
{
	char data[65536];
	ssize_t n = recv(conn->fd, data, sizeof(data), 0);
	void *command = NULL;
	struct buf out;
	bool open = n > 0;

	if (open)
		redisReaderFeed(conn->reader, data, (size_t)n);
	while (open && redisReaderGetReply(conn->reader, &command) == REDIS_OK && command) {
		buf_init(&out, 64UL << 20);
		fake->commands[conn->node]++;
		open = fake->answer(fake, conn->node, command, &out);
		(void)!send(conn->fd, out.data, out.len, MSG_NOSIGNAL);
		buf_release(&out);
		freeReplyObject(command);
	}
	if (!open)
		fake_close(conn);
}

static inline void *fake_run(void *context)
{
	struct fake_redis *fake = context;
	struct pollfd polls[1 + FAKE_NODES + FAKE_CONNS];

	for (;;) {
		polls[0] = (struct pollfd){.fd = fake->stop, .events = POLLIN};
		for (int i = 0; i < FAKE_NODES; i++)
			polls[1 + i] = (struct pollfd){.fd = fake->listener[i], .events = POLLIN};
		for (int i = 0; i < FAKE_CONNS; i++)
			polls[1 + FAKE_NODES + i] =
				(struct pollfd){.fd = fake->conns[i].fd, .events = POLLIN};
		poll(polls, 1 + FAKE_NODES + FAKE_CONNS, -1);
		if (polls[0].revents)
			return NULL;
		for (int i = 0; i < FAKE_CONNS; i++) {
			if (polls[1 + FAKE_NODES + i].revents)
				fake_serve(fake, &fake->conns[i]);
		}
		for (int i = 0; i < FAKE_NODES; i++) {
			if (polls[1 + i].revents)
				fake_accept(fake, i);
		}
	}
}

static inline void fake_start(struct fake_redis *fake, fake_answer *answer)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	*fake = (struct fake_redis){.answer = answer, .knob = fake->knob, .stop = eventfd(0, 0)};
	for (int i = 0; i < FAKE_CONNS; i++)
		fake->conns[i].fd = -1;
	for (int i = 0; i < FAKE_NODES; i++) {
		address.sin_port = 0;
		fake->listener[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(bind(fake->listener[i], (struct sockaddr *)&address, len), 0);
		assert_int_equal(getsockname(fake->listener[i], (struct sockaddr *)&address, &len),
				 0);
		assert_int_equal(listen(fake->listener[i], 16), 0);
		fake->port[i] = ntohs(address.sin_port);
	}
	assert_int_equal(pthread_create(&fake->thread, NULL, fake_run, fake), 0);
}

static inline void fake_stop(struct fake_redis *fake)
{
	assert_int_equal(eventfd_write(fake->stop, 1), 0);
	pthread_join(fake->thread, NULL);
	close(fake->stop);
	for (int i = 0; i < FAKE_NODES; i++)
		close(fake->listener[i]);
	for (int i = 0; i < FAKE_CONNS; i++) {
		if (fake->conns[i].fd >= 0)
			fake_close(&fake->conns[i]);
	}
}

#endif
