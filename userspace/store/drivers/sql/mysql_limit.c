/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/mysql_limit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

/* The library exports this and declares it nowhere. */
int ma_pvio_register_callback(my_bool add,
			      void (*callback)(int mode, MYSQL *mysql, const unsigned char *data,
					       size_t size));

#define MODE_READ 0

static _Thread_local struct mysql_limit *current;

/* The library drops the text that we gave it when the server's version arrives. */
static void release_guard(struct mysql_limit *limit, const MYSQL *mysql)
{
	if (!limit->no_version || mysql->server_version == limit->no_version)
		return;
	free(limit->no_version);
	limit->no_version = NULL;
}

/* size is what recv(2) returned. */
static void after_transfer(int mode, MYSQL *mysql, const unsigned char *data, size_t size)
{
	struct mysql_limit *limit = current;

	(void)data;
	if (!limit)
		return;
	release_guard(limit, mysql);
	if (mode != MODE_READ || (ssize_t)size <= 0)
		return;
	limit->bytes_left -= size < limit->bytes_left ? size : limit->bytes_left;
	if (mysql_limit_is_exceeded(limit) || mysql_limit_is_late(limit))
		shutdown(mysql_get_socket(mysql), SHUT_RDWR);
}

static void watch(void)
{
	ma_pvio_register_callback(1, after_transfer);
}

void mysql_limit_set(struct mysql_limit *limit, int64_t deadline_ns, size_t bytes)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, watch);
	limit->deadline_ns = deadline_ns;
	limit->bytes_left = bytes;
	current = limit;
}

void mysql_limit_unset(const struct mysql_limit *limit)
{
	if (current == limit)
		current = NULL;
}

bool mysql_limit_is_late(const struct mysql_limit *limit)
{
	return clock_monotonic_ns() >= limit->deadline_ns;
}

bool mysql_limit_is_exceeded(const struct mysql_limit *limit)
{
	return limit->bytes_left == 0;
}

void mysql_limit_guard(struct mysql_limit *limit, MYSQL *mysql)
{
	limit->no_version = strdup("");
	mysql->server_version = limit->no_version;
}

void mysql_limit_connected(struct mysql_limit *limit)
{
	limit->no_version = NULL;
}
