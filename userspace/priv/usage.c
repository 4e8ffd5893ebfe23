/* SPDX-License-Identifier: MIT */
#include "priv/usage.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/read_file.h"

#define TEXT_MAX (1U << 20) /* /proc/stat has a number for each interrupt */

static int read_text(const char *path, struct buf *text)
{
	buf_init(text, TEXT_MAX);
	return read_file(path, text);
}

static int read_of(pid_t pid, const char *name, struct buf *text)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return read_text(path, text);
}

/* Behind the name, which may have blanks and parentheses in it, stands field 3. */
int priv_usage_parse(const char *stat, double booted, struct priv_usage *usage_r)
{
	const double ticks = (double)sysconf(_SC_CLK_TCK);
	const char *fields = strrchr(stat, ')');
	unsigned long long user, system, started, virtual;
	long long resident;

	if (!fields ||
	    sscanf(fields + 1, /* NOLINT(cert-err34-c): the kernel's numbers */
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d"
		   " %llu %llu %lld",
		   &user, &system, &started, &virtual, &resident) != 5)
		return -EPROTO;
	usage_r->cpu_seconds = (double)(user + system) / ticks;
	usage_r->started = booted + (double)started / ticks;
	usage_r->virtual_bytes = virtual;
	usage_r->resident_bytes = (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

/* The kernel's own figure: ours would differ from scrape to scrape. */
static double booted_at(void)
{
	const char *line;
	struct buf text;
	double booted = 0;

	if (read_text("/proc/stat", &text) == 0 && (line = strstr(buf_str(&text), "\nbtime ")))
		booted = strtod(line + strlen("\nbtime "), NULL);
	buf_release(&text);
	return booted;
}

static uint64_t read_max_fds(pid_t pid)
{
	static const char name[] = "\nMax open files";
	const char *line;
	struct buf text;
	uint64_t max = 0;

	if (read_of(pid, "limits", &text) == 0 && (line = strstr(buf_str(&text), name)))
		max = strtoull(line + sizeof(name) - 1, NULL, 10); /* "unlimited" is 0 */
	buf_release(&text);
	return max;
}

static uint64_t count_own_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t count = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count > 3 ? count - 3 : 0; /* ".", ".." and the directory */
}

/* Others' the kernel reports as the directory's size, from Linux 6.2 on. */
static uint64_t read_open_fds(pid_t pid)
{
	struct stat directory;
	char path[64];

	if (pid == getpid())
		return count_own_fds();
	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	return stat(path, &directory) == 0 ? (uint64_t)directory.st_size : 0;
}

int priv_usage_read(pid_t pid, struct priv_usage *usage_r)
{
	struct buf text;
	int ret = read_of(pid, "stat", &text);

	*usage_r = (struct priv_usage){0};
	if (ret == 0)
		ret = priv_usage_parse(buf_str(&text), booted_at(), usage_r);
	buf_release(&text);
	if (ret < 0)
		return ret;
	usage_r->open_fds = read_open_fds(pid);
	usage_r->max_fds = read_max_fds(pid);
	return 0;
}

static bool has_name(pid_t pid, const char *name)
{
	struct buf text;
	size_t len = strlen(name);
	bool has = read_of(pid, "comm", &text) == 0 && strncmp(buf_str(&text), name, len) == 0 &&
		   buf_str(&text)[len] == '\n';

	buf_release(&text);
	return has;
}

pid_t priv_usage_child(pid_t parent, const char *name)
{
	struct buf children;
	const char *at;
	char path[64], *end;
	pid_t found = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	if (read_text(path, &children) == 0) {
		for (at = buf_str(&children); found == 0; at = end) {
			pid_t pid = (pid_t)strtol(at, &end, 10);

			if (end == at)
				break;
			found = has_name(pid, name) ? pid : 0;
		}
	}
	buf_release(&children);
	return found;
}
