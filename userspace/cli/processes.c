/* SPDX-License-Identifier: MIT */
#include "cli/processes.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/control.h"
#include "priv/drop.h"
#include "priv/status.h"

#define PROCESSES_MAX	 64
#define LANDLOCK_UNKNOWN (-1)

struct kind {
	const char *program, *argument; /* as its command line begins; NULL: any argument */
	const char *name;
	unsigned int keep; /* of rights, at most */
	bool unprivileged;
};

struct running {
	pid_t pid;
	const struct kind *kind;
	struct priv_status status;
};

struct processes {
	struct running list[PROCESSES_MAX];
	size_t count;
};

/* The first that fits. A resolver ends soon, and is none of them. */
static const struct kind kinds[] = {
	{"dovetap", "collect", "collector", 0, true},
	{"dovetap-attacher", "search", "searcher", PRIV_KEEP_SEARCH, false},
	{"dovetap-attacher", NULL, "attacher",
	 PRIV_KEEP_ATTACH | PRIV_KEEP_PERF | PRIV_KEEP_COLLECTOR | PRIV_KEEP_MEMLOCK, false},
};

/* --- finding them --------------------------------------------------------------------------- */

static ssize_t read_command_line(pid_t pid, char *line, size_t size)
{
	char path[32];
	ssize_t len;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = read(fd, line, size);
	close(fd);
	return len;
}

/* NULL: none of ours. */
static const struct kind *kind_of(pid_t pid)
{
	char line[512] = "";
	ssize_t len = read_command_line(pid, line, sizeof(line) - 1);
	const char *slash, *program, *argument;

	if (len <= 0)
		return NULL;
	slash = strrchr(line, '/');
	program = slash ? slash + 1 : line;
	argument = line + strlen(line) + 1;
	if (argument >= line + len)
		return NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(program, kinds[i].program) == 0 &&
		    (!kinds[i].argument || strcmp(argument, kinds[i].argument) == 0))
			return &kinds[i];
	}
	return NULL;
}

static void look_at(struct processes *processes, pid_t pid)
{
	struct running *running = &processes->list[processes->count];

	if (processes->count == PROCESSES_MAX)
		return;
	running->kind = kind_of(pid);
	if (!running->kind || priv_status_read(pid, &running->status) < 0)
		return;
	running->pid = pid;
	processes->count++;
}

static void find_all(struct processes *processes)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	while (proc && (entry = readdir(proc)) != NULL) {
		if (isdigit((unsigned char)entry->d_name[0]))
			look_at(processes, (pid_t)strtol(entry->d_name, NULL, 10));
	}
	if (proc)
		closedir(proc);
}

/* --- reporting about them ------------------------------------------------------------------- */

static void append_landlock(struct buf *text, int version)
{
	if (version > 0)
		buf_appendf(text, ", Landlock version %d", version);
	else
		buf_append_str(text, version == 0 ? ", no Landlock in this kernel"
						  : ", Landlock unknown (it does not answer)");
}

static void describe(const struct priv_status *status, struct buf *text)
{
	buf_appendf(text, "uid %u, capabilities: ", (unsigned int)status->uid);
	priv_status_name_capabilities(status->capabilities, text);
	buf_append_str(text, status->no_new_privs ? ", no_new_privs" : ", new privileges possible");
	buf_append_str(text, status->seccomp ? ", seccomp" : ", no seccomp");
	if (status->filters > 0)
		buf_appendf(text, " (%u)", status->filters);
}

/* NULL when all is as it should be. */
static const char *excess(const struct priv_status *status, const struct kind *kind)
{
	if (kind->unprivileged && status->uid == 0)
		return "the collector must not be root";
	if (status->capabilities & ~priv_keep_mask(kind->keep))
		return "it has capabilities that it does not need";
	if (!status->no_new_privs || !status->seccomp)
		return "it is not in its sandbox: does the kernel have seccomp filters?";
	return NULL;
}

static void report(const struct running *running, int landlock, struct findings *findings)
{
	const struct kind *kind = running->kind;
	const char *advice = excess(&running->status, kind);
	struct finding *finding =
		findings_add(findings, "process", advice ? FINDING_WARNING : FINDING_OK);
	struct buf text;

	if (!finding)
		return;
	buf_init(&text, sizeof(finding->text));
	describe(&running->status, &text);
	if (kind->unprivileged)
		append_landlock(&text, landlock);
	(void)snprintf(finding->subject, sizeof(finding->subject), "%s %d", kind->name,
		       (int)running->pid);
	(void)snprintf(finding->text, sizeof(finding->text), "%s", buf_str(&text));
	(void)snprintf(finding->advice, sizeof(finding->advice), "%s", advice ? advice : "");
	buf_release(&text);
}

static int ask_for_landlock(const char *control)
{
	int version = LANDLOCK_UNKNOWN;
	struct buf text;

	buf_init(&text, CONTROL_ANSWER_MAX);
	if (control_get(control, "/metrics", &text, NULL) == 0)
		version = (int)control_metric(&text, "dovetap_landlock_version", LANDLOCK_UNKNOWN);
	buf_release(&text);
	return version;
}

void processes_check(struct findings *findings, const char *control)
{
	struct processes processes = {.count = 0};
	int landlock;

	find_all(&processes);
	if (processes.count == 0)
		return;
	landlock = ask_for_landlock(control);
	for (size_t i = 0; i < processes.count; i++)
		report(&processes.list[i], landlock, findings);
}
