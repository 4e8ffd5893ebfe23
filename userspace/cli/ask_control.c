/* SPDX-License-Identifier: MIT */
#include "cli/ask_control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/control.h"
#include "serve/listen.h"

#define FIRST_PAUSE_NS (1 * NS_PER_MSEC)
#define PAUSE_MAX_NS   (20 * NS_PER_MSEC)
#define WAIT_NS	       (2 * NS_PER_SEC) /* the collector gives up earlier */

struct taking {
	struct ask_control *ask;
	struct roster *roster;
	struct slice user;
};

static int take(const struct roster_record *wire, void *context, struct error *error_r)
{
	const struct taking *taking = context;
	struct roster_record record = *wire;

	record.user = taking->user;
	if (record.service.len > 0)
		record.class = service_class_of(record.service, taking->ask->judged);
	return roster_add(taking->roster, &record, error_r);
}

/* Only what all answers know is known. */
static void take_since(struct ask_control *ask, const struct ask_since *since)
{
	if (ask->since.error.code == 0 && (since->from_ns == 0 || since->error.code != 0))
		ask->since = *since;
	else if (ask->since.error.code == 0 && since->from_ns > ask->since.from_ns)
		ask->since.from_ns = since->from_ns;
}

static int take_failure(const char *text, struct error *error_r)
{
	char *end;
	long code = strtol(text, &end, 10);

	if (end == text || *end != ' ' || code <= 0 || code > 4095)
		return error_set(error_r, EPROTO, "this is not dovetap's answer");
	return error_set(error_r, (int)code, "%.*s", (int)strcspn(end + 1, "\n"), end + 1);
}

/* 0: it is there; 1: not yet; or a negative errno. */
static int take_answer(const struct buf *body, struct taking *taking, struct error *error_r)
{
	static const char running[] = "running\n", done[] = "done\n", failed[] = "failed ";
	const char *text = buf_str(body);
	struct slice rest = buf_slice(body);
	struct ask_since since;
	int ret;

	if (strcmp(text, running) == 0)
		return 1;
	if (strncmp(text, failed, strlen(failed)) == 0)
		return take_failure(text + strlen(failed), error_r);
	if (strncmp(text, done, strlen(done)) != 0)
		return error_set(error_r, EPROTO, "this is not dovetap's answer");
	rest.ptr += strlen(done);
	rest.len -= strlen(done);
	ret = ask_wire_parse(rest, &since, take, taking, error_r);
	if (ret == 0)
		take_since(taking->ask, &since);
	return ret;
}

static void pause_for(int64_t *pause_ns)
{
	const struct timespec time = {.tv_nsec = *pause_ns};

	(void)nanosleep(&time, NULL);
	if (*pause_ns < PAUSE_MAX_NS)
		*pause_ns *= 2;
}

/* Until what is asked for is there, or the time is over. */
static int ask_until(const char *socket, const char *page, struct slice argument,
		     const char *not_yet, struct buf *body, struct error *error_r)
{
	int64_t end_ns = clock_monotonic_ns() + WAIT_NS, pause_ns = FIRST_PAUSE_NS;
	int ret;

	do {
		buf_reset(body);
		ret = control_act(socket, false, page, argument, body, error_r);
		if (ret < 0 || strcmp(buf_str(body), not_yet) != 0)
			return ret;
		pause_for(&pause_ns);
	} while (clock_monotonic_ns() < end_ns);
	return error_set(error_r, EAGAIN, "%s: too many are asked for at this moment", socket);
}

static int ask_name(struct taking *taking, struct error *error_r)
{
	const char *socket = taking->ask->socket;
	struct buf number, body;
	int ret;

	buf_init(&number, 64);
	buf_init(&body, CONTROL_ANSWER_MAX);
	ret = ask_until(socket, "/lookup", taking->user, "busy\n", &number, error_r);
	if (ret == 0) {
		struct slice digits = {buf_str(&number), strcspn(buf_str(&number), "\n")};

		ret = ask_until(socket, "/lookup/answer", digits, "running\n", &body, error_r);
	}
	if (ret == 0)
		ret = take_answer(&body, taking, error_r);
	buf_release(&number);
	buf_release(&body);
	return ret;
}

int ask_control_names(struct ask_control *ask, struct names *names, struct roster *roster,
		      struct error *error_r)
{
	struct taking taking = {.ask = ask, .roster = roster};
	int ret = 0, more = 0;

	while (ret == 0 && (more = names_next(names, &taking.user, error_r)) > 0) {
		ret = roster_add_user(roster, taking.user, error_r);
		if (ret == 0)
			ret = ask_name(&taking, error_r);
	}
	return ret < 0 ? ret : more;
}

bool ask_control_wanted(const char *socket)
{
	int fd = geteuid() == 0 ? -EPERM : listen_connect(socket, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || fd == -EACCES;
}
