/* SPDX-License-Identifier: MIT */
/*
 * A whole collector in a process of its own, with a ring of the kernel's into which the test writes
 * as the probes do (as root), and the test as its attacher.
 */
#ifndef DOVETAP_COLLECTOR_CASE_H
#define DOVETAP_COLLECTOR_CASE_H

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../conf/folder.h"
#include "base/clock.h"
#include "base/ledger.h"
#include "collector/collector.h"
#include "collector/collector_private.h"
#include "dovetap/event.h"
#include "serve/listen.h"

#define LONG_NS (60 * NS_PER_SEC)

struct running {
	struct collector_fds fds;
	struct collector_options options;
	struct plan *plan;
	uint64_t map[2 * DOVETAP_COUNTER_STRIDE]; /* of the counters, as in the kernel */
	int program, peer, output;
	pid_t pid;
	char control[300];
};

#define REGISTER(to, from)   ((struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0})
#define IMMEDIATE(to, value) ((struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value})
#define LOAD(to, from, at)   ((struct bpf_insn){BPF_LDX | BPF_MEM | BPF_DW, to, from, at, 0})
#define STORE(to, at, from)  ((struct bpf_insn){BPF_STX | BPF_MEM | BPF_DW, to, from, at, 0})
#define CALL(helper)	     ((struct bpf_insn){BPF_JMP | BPF_CALL, 0, 0, 0, helper})
#define EXIT		     ((struct bpf_insn){BPF_JMP | BPF_EXIT, 0, 0, 0, 0})

_Static_assert(sizeof(struct dovetap_event) % 8 == 0, "copied in words");

/* Its context goes into the ring; it returns 1 when that is full. */
static inline int running_program(int map)
{
	static struct bpf_insn program[20 + sizeof(struct dovetap_event) / 4], *at;
	LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = BPF_F_SLEEPABLE);
	int fd;

	at = program;
	*at++ = REGISTER(BPF_REG_6, BPF_REG_1);
	*at++ = (struct bpf_insn){BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map};
	*at++ = (struct bpf_insn){0};
	*at++ = IMMEDIATE(BPF_REG_2, (int)sizeof(struct dovetap_event));
	*at++ = IMMEDIATE(BPF_REG_3, 0);
	*at++ = CALL(BPF_FUNC_ringbuf_reserve);
	*at++ = (struct bpf_insn){BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 2, 0};
	*at++ = IMMEDIATE(BPF_REG_0, 1);
	*at++ = EXIT;
	for (size_t i = 0; i < sizeof(struct dovetap_event); i += 8) {
		*at++ = LOAD(BPF_REG_2, BPF_REG_6, (__s16)i);
		*at++ = STORE(BPF_REG_0, (__s16)i, BPF_REG_2);
	}
	*at++ = REGISTER(BPF_REG_1, BPF_REG_0);
	*at++ = IMMEDIATE(BPF_REG_2, 0);
	*at++ = CALL(BPF_FUNC_ringbuf_submit);
	*at++ = IMMEDIATE(BPF_REG_0, 0);
	*at++ = EXIT;
	fd = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "write", "GPL", program, (size_t)(at - program),
			   &options);
	assert_true(fd >= 0);
	return fd;
}

/* The counters say that each record was seen and written. */
static inline void running_count(struct running *it, unsigned int records)
{
	it->map[DOVETAP_COUNTER_STRIDE + DOVETAP_COUNT_SEEN] += records;
	it->map[DOVETAP_COUNTER_STRIDE + DOVETAP_COUNT_MAIL_USER_EMITTED] += records;
	assert_int_equal(pwrite(it->fds.counters, it->map, sizeof(it->map), 0), sizeof(it->map));
}

static inline void running_fds(struct running *it)
{
	int pair[2];

	it->map[0] = 1;
#define DOVETAP_X(id, name, use) it->map[1 + DOVETAP_COUNTS_##use] |= 1ULL << DOVETAP_COUNT_##id;
	DOVETAP_BPF_COUNTERS(DOVETAP_X)
#undef DOVETAP_X
	it->fds.ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, 1 << 16, NULL);
	it->fds.counters = memfd_create("counters", MFD_CLOEXEC);
	it->fds.accounts = memfd_create("accounts", MFD_CLOEXEC);
	assert_true(it->fds.ring >= 0);
	running_count(it, 0);
	assert_int_equal(ftruncate(it->fds.accounts, LEDGER_BYTES), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	it->peer = pair[0];
	it->fds.peer = pair[1];
	it->fds.lock = it->fds.configuration = -1;
	it->program = running_program(it->fds.ring);
}

static inline void running_plan(struct running *it, const char *settings)
{
	const struct config_options options = {.path = "t.conf", .doveconf = ""};
	struct error error = {0};
	char text[2000];

	(void)snprintf(text, sizeof(text),
		       "plugin {\n last_login_dict = file:%s/dict\n last_login_key = last/%%u\n}\n"
		       "dovetap {\n state_dir = %s\n services = imap\n%s\n}\n",
		       folder, folder, settings);
	write_file("t.conf", text, 0600);
	if (plan_new(&options, &it->plan, &error) < 0)
		fail_msg("%s", error.text);
	it->options.plan = it->plan;
}

/* What it prints can be read at output. options of the case may be set before. */
static inline void running_fork(struct running *it)
{
	int out[2];

	assert_int_equal(pipe(out), 0);
	(void)fflush(NULL);
	it->pid = fork();
	if (it->pid == 0) {
		int status;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		close(out[0]);
		close(it->peer);
		status = collector_main(&it->options, &it->fds);
		plan_free(&it->plan);
		exit(status);
	}
	close(out[1]);
	it->output = out[0];
}

static inline void running_wait_ready(const struct running *it)
{
	struct pollfd fd = {.fd = it->peer, .events = POLLIN};
	struct priv_message message;

	assert_int_equal(poll(&fd, 1, (int)(LONG_NS / NS_PER_MSEC)), 1);
	assert_int_equal(priv_receive(it->peer, &message), 1);
	assert_int_equal(message.type, PRIV_READY);
}

static inline struct running *running_new(const char *settings)
{
	struct running *it = calloc(1, sizeof(*it));

	running_fds(it);
	running_plan(it, settings);
	(void)snprintf(it->control, sizeof(it->control), "%s/control", folder);
	it->options.control = it->control;
	it->options.lock_fd = -1;
	return it;
}

static inline struct running *running_start(const char *settings)
{
	struct running *it = running_new(settings);

	running_fork(it);
	running_wait_ready(it);
	return it;
}

/* Waits for its end; returns its status. What it printed is in text. */
static inline int running_end(struct running *it, char *text, size_t size)
{
	size_t len = 0;
	ssize_t got;
	int status;

	while ((got = read(it->output, text + len, size - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	assert_int_equal(waitpid(it->pid, &status, 0), it->pid);
	if (!WIFEXITED(status))
		fail_msg("ended by signal %d: %s", WTERMSIG(status), text);
	close(it->output);
	close(it->program);
	close(it->fds.ring);
	close(it->fds.counters);
	close(it->fds.accounts);
	close(it->fds.peer);
	if (it->peer >= 0)
		close(it->peer);
	plan_free(&it->plan);
	free(it);
	return WEXITSTATUS(status);
}

/* --- records --------------------------------------------------------------------------------- */

#define TEXT(event, field, id, text)                                                               \
	do {                                                                                       \
		(void)snprintf((event)->field, sizeof((event)->field), "%s", text);                \
		(event)->head.length[DOVETAP_FIELD_##id] = (uint16_t)strlen(text);                 \
		(event)->head.present |= DOVETAP_BIT(DOVETAP_FIELD_##id);                          \
	} while (0)

/* Of that file (0: not known). */
static inline void running_login_of(struct running *it, const char *user, uint64_t file)
{
	struct dovetap_event event = {.head = {.major = DOVETAP_EVENT_MAJOR,
					       .type = DOVETAP_EVENT_MAIL_USER,
					       .size = sizeof(event),
					       .boot_ns = clock_boot_ns(),
					       .pid = 7}};
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &event, .ctx_size_in = sizeof(event));

	event.origin.file = file;
	event.head.object = event.head.boot_ns;
	event.seal = (struct dovetap_event_seal){.object = event.head.boot_ns, .pid = 7};
	TEXT(&event, username, USERNAME, user);
	TEXT(&event, service, SERVICE, "imap");
	TEXT(&event, session_id, SESSION_ID, user);
	assert_int_equal(bpf_prog_test_run_opts(it->program, &run), 0);
	assert_int_equal(run.retval, 0);
	running_count(it, 1);
}

static inline void running_login(struct running *it, const char *user)
{
	running_login_of(it, user, 0);
}

static inline bool file_has(const char *name, const char *part)
{
	static char text[1 << 16];
	FILE *file = fopen(name, "r");
	size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file)
		(void)fclose(file);
	text[len] = '\0';
	return strstr(text, part) != NULL;
}

static inline void wait_for_file(const char *name, const char *part)
{
	int64_t deadline = clock_monotonic_ns() + LONG_NS;

	while (!file_has(name, part)) {
		if (clock_monotonic_ns() > deadline)
			fail_msg("%s never had %s", name, part);
		usleep(2000);
	}
}

/* --- endpoints -------------------------------------------------------------------------------- */

/* The whole answer, to be valid until the next call. */
static inline const char *ask(const char *address, const char *page)
{
	static char text[1 << 18];
	int fd = listen_connect(address, NULL);
	size_t len = 0;
	ssize_t got;

	if (fd < 0)
		return "";
	assert_true(dprintf(fd, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", page) > 0);
	while ((got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	close(fd);
	return text;
}

static inline void wait_for_answer(const char *address, const char *page, const char *part)
{
	int64_t deadline = clock_monotonic_ns() + LONG_NS;

	while (!strstr(ask(address, page), part)) {
		if (clock_monotonic_ns() > deadline)
			fail_msg("%s never had '%s' but %s", page, part, ask(address, page));
		usleep(2000);
	}
}

#endif
