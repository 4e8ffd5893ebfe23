/* SPDX-License-Identifier: MIT */
#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_storage storage;
	} u;
	socklen_t len;
};

static int parse_unix(const char *path, struct address *address_r, struct error *error_r)
{
	struct sockaddr_un *un = &address_r->u.un;

	if (strlen(path) >= sizeof(un->sun_path))
		return error_set(error_r, EINVAL, "%s: a socket path has at most %zu bytes", path,
				 sizeof(un->sun_path) - 1);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	address_r->len = sizeof(*un);
	return 0;
}

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
	return address->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* getaddrinfo(3) cuts a number that is no port down to one. */
static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits <= 5 && text[digits] == '\0' &&
	       strtoul(text, NULL, 10) <= 65535;
}

/* "host:port" or "[host]:port" with a numeric host. */
static int parse_inet(const char *text, bool anywhere, struct address *address_r,
		      struct error *error_r)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				       .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(text, ':');
	struct addrinfo *found = NULL;
	bool allowed = false;
	char host[64] = "";

	if (colon && *text == '[' && colon > text + 1 && colon[-1] == ']')
		(void)snprintf(host, sizeof(host), "%.*s", (int)(colon - text - 2), text + 1);
	else if (colon)
		(void)snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	if (colon && is_port(colon + 1) && getaddrinfo(host, colon + 1, &hints, &found) == 0) {
		memcpy(&address_r->u, found->ai_addr, found->ai_addrlen);
		address_r->len = found->ai_addrlen;
		allowed = anywhere || is_loopback(found->ai_addr);
		freeaddrinfo(found);
	}
	if (allowed)
		return 0;
	return error_set(error_r, EINVAL, "%s: a socket path or %s such as %s is wanted", text,
			 anywhere ? "an address and port" : "a loopback address",
			 anywhere ? "0.0.0.0:9190" : "127.0.0.1:9190");
}

static int parse(const char *text, bool anywhere, struct address *address_r, struct error *error_r)
{
	*address_r = (struct address){0};
	return *text == '/' ? parse_unix(text, address_r, error_r)
			    : parse_inet(text, anywhere, address_r, error_r);
}

int listen_check(const char *text, bool anywhere, struct error *error_r)
{
	struct address address;

	return parse(text, anywhere, &address, error_r);
}

static int open_socket(const char *text, bool anywhere, struct address *address_r,
		       struct error *error_r)
{
	int fd, ret = parse(text, anywhere, address_r, error_r);

	if (ret < 0)
		return ret;
	fd = socket(address_r->u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 ? fd : error_set(error_r, errno, "%s: %m", text);
}

int listen_connect(const char *text, struct error *error_r)
{
	struct address address;
	int fd = open_socket(text, false, &address, error_r);
	int ret;

	if (fd < 0 || connect(fd, &address.u.any, address.len) == 0)
		return fd;
	ret = error_set(error_r, errno, "%s: %m", text);
	close(fd);
	return ret;
}

/* A socket file on which nobody answers was left by a process that was killed. Any other file
 * refuses connections just the same, and is somebody's. */
static void remove_stale(const char *path)
{
	struct stat file;
	int fd;

	if (*path != '/' || lstat(path, &file) < 0 || !S_ISSOCK(file.st_mode))
		return;
	fd = listen_connect(path, NULL);
	if (fd >= 0)
		close(fd);
	else if (fd == -ECONNREFUSED)
		(void)unlink(path);
}

static int bind_and_listen(int fd, const struct address *address)
{
	const int on = 1;
	mode_t old;
	int ret;

	if (address->u.any.sa_family != AF_UNIX)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	old = umask(0177);
	ret = bind(fd, &address->u.any, address->len);
	umask(old);
	return ret == 0 ? listen(fd, 16) : ret;
}

int listen_open(const char *text, bool anywhere, struct error *error_r)
{
	struct address address;
	int fd, ret;

	remove_stale(text);
	fd = open_socket(text, anywhere, &address, error_r);
	if (fd < 0 || bind_and_listen(fd, &address) == 0)
		return fd;
	ret = error_set(error_r, errno, "%s: cannot listen: %m", text);
	close(fd);
	return ret;
}
