/* SPDX-License-Identifier: MIT */
#include "priv/status.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_MAX     8192
#define SECCOMP_FILTER 2

/* The number behind "NAME:" and so many others; 0 when there is none. */
static uint64_t number(const char *text, const char *name, int base, int skip)
{
	const char *line = strstr(text, name);
	char *end;
	uint64_t value;

	if (!line)
		return 0;
	line += strlen(name);
	do {
		value = strtoull(line, &end, base);
		line = end;
	} while (skip-- > 0);
	return value;
}

/* The first line is "Name:\tNAME". */
static void name_parse(const char *text, char *name_r, size_t size)
{
	size_t len;

	if (strncmp(text, "Name:\t", 6) != 0)
		return;
	len = strcspn(text + 6, "\n");
	len = len < size ? len : size - 1;
	memcpy(name_r, text + 6, len);
	name_r[len] = '\0';
}

void priv_status_parse(const char *text, struct priv_status *status_r)
{
	*status_r = (struct priv_status){
		.parent = (pid_t)number(text, "\nPPid:", 10, 0),
		.uid = (uid_t)number(text, "\nUid:", 10, 1), /* real, effective, saved, fs */
		.capabilities = number(text, "\nCapPrm:", 16, 0),
		.bounding = number(text, "\nCapBnd:", 16, 0),
		.no_new_privs = number(text, "\nNoNewPrivs:", 10, 0) == 1,
		.seccomp = number(text, "\nSeccomp:", 10, 0) == SECCOMP_FILTER,
		.filters = (unsigned int)number(text, "\nSeccomp_filters:", 10, 0),
	};
	name_parse(text, status_r->name, sizeof(status_r->name));
}

int priv_status_read(pid_t pid, struct priv_status *status_r)
{
	char path[32], text[STATUS_MAX];
	ssize_t len;
	int fd, ret;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, text, sizeof(text) - 1);
	ret = len < 0 ? -errno : 0;
	close(fd);
	if (ret < 0)
		return ret;
	text[len] = '\0';
	priv_status_parse(text, status_r);
	return 0;
}

void priv_status_name_capabilities(uint64_t capabilities, struct buf *out)
{
	const char *separator = "";

	if (capabilities == 0)
		buf_append_str(out, "none");
	for (unsigned int i = 0; i < 64; i++) {
		const char *name = capng_capability_to_name(i);

		if (!(capabilities >> i & 1))
			continue;
		buf_appendf(out, "%s%s", separator, name ? name : "unknown");
		separator = ", ";
	}
}
