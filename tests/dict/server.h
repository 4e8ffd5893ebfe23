/* SPDX-License-Identifier: MIT */
/* A real server as a child of the test, in a temporary directory of its own. */
#ifndef DOVETAP_TEST_SERVER_H
#define DOVETAP_TEST_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#define SERVER_ARGUMENTS 24

struct server {
	pid_t pid;				 /* 0 when it does not run */
	const char *arguments[SERVER_ARGUMENTS]; /* ends with NULL */
	char socket[108];			 /* of a unix socket, or "" */
	int port;				 /* on 127.0.0.1 otherwise */
};

/* A port on 127.0.0.1 that nobody listens on, and that nobody else is given. */
int server_free_port(void);

/* Starts the program and waits until it accepts connections. */
void server_start(struct server *server);
void server_kill(struct server *server);
void server_pause(const struct server *server); /* SIGSTOP: accepts, never answers */
void server_resume(const struct server *server);

#endif
