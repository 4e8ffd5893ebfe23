/* SPDX-License-Identifier: MIT */
/* The daemons' sockets, in a mount namespace of the test's own (as root), and what comes out. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "audit/sink.h"
#include "event_case.h"

#define SYSLOG	"/dev/log"
#define JOURNAL "/run/systemd/journal/socket"

static int own_places(void **state)
{
	(void)state;
	return unshare(CLONE_NEWNS) < 0 ||
			       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			       mount("tmpfs", "/dev", "tmpfs", 0, NULL) < 0 ||
			       mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 ||
			       mkdir("/run/systemd", 0755) < 0 ||
			       mkdir("/run/systemd/journal", 0755) < 0
		       ? -1
		       : 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void end_at(const char *path, int fd)
{
	close(fd);
	assert_int_equal(unlink(path), 0);
}

static void receive(int fd, char *text, size_t size)
{
	ssize_t got = recv(fd, text, size - 1, MSG_DONTWAIT);

	assert_true(got > 0);
	text[got] = '\0';
}

/* As the stream's thread does it: count records of that event in one batch, from *next on. */
static int write_some(struct audit_sink *sink, const struct login_event *event, size_t count,
		      size_t *next, struct error *error_r)
{
	const struct audit_policy policy = {.fields = ~0ULL, .mask = ip_mask_none};
	struct audit_record record;
	struct audit_batch batch;
	int ret;

	audit_batch_init(&batch, 1 << 20);
	audit_record_make(&policy, event, &record);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(sink->ops->encode(&record, &batch.bytes), 0);
		buf_append(&batch.ends, &batch.bytes.len, sizeof(batch.bytes.len));
		batch.count++;
	}
	ret = sink->ops->write(sink, &batch, next, error_r);
	audit_batch_release(&batch);
	return ret;
}

static void open_sink(struct audit_sink *sink, const char *target)
{
	struct error error = {0};

	if (audit_sink_init(sink, target, &error) < 0)
		fail_msg("%s", error.text);
}

static void syslog_gets_a_datagram_for_each_record(void **state)
{
	const struct login_event login = event_case();
	struct login_event failure = event_case();
	int fd = listen_at(SYSLOG);
	struct audit_sink sink;
	struct error error = {0};
	char text[4096], begin[100];
	size_t next = 0;

	(void)state;
	failure.kind = LOGIN_EVENT_FAILURE;
	open_sink(&sink, "syslog");
	assert_int_equal(write_some(&sink, &login, 2, &next, &error), 0);
	assert_int_equal(next, 2);
	next = 0;
	assert_int_equal(write_some(&sink, &failure, 1, &next, &error), 0);
	receive(fd, text, sizeof(text));
	assert_int_equal(strncmp(text, "<22>", 4), 0); /* mail.info */
	(void)snprintf(begin, sizeof(begin), " dovetap[%d]: @cee: {", (int)getpid());
	assert_ptr_equal(strstr(text, begin), text + 4 + strlen("Nov 29 20:00:00"));
	assert_non_null(strstr(text, "\"user\":\"u@example.com\""));
	assert_int_equal(text[strlen(text) - 1], '}');
	receive(fd, text, sizeof(text));
	receive(fd, text, sizeof(text));
	assert_int_equal(strncmp(text, "<21>", 4), 0); /* mail.notice */
	audit_sink_release(&sink);
	end_at(SYSLOG, fd);
}

static void a_syslog_daemon_that_comes_back_is_found(void **state)
{
	const struct login_event login = event_case();
	struct audit_sink sink;
	struct error error = {0};
	char text[4096];
	size_t next = 0;
	int fd;

	(void)state;
	open_sink(&sink, "syslog");
	assert_int_equal(write_some(&sink, &login, 1, &next, &error), -ENOENT);
	assert_int_equal(next, 0);
	assert_non_null(strstr(error.text, SYSLOG));
	fd = listen_at(SYSLOG);
	assert_int_equal(write_some(&sink, &login, 1, &next, &error), 0);
	end_at(SYSLOG, fd);
	next = 0;
	assert_int_equal(write_some(&sink, &login, 1, &next, &error), -ECONNREFUSED);
	assert_int_equal(next, 0);
	fd = listen_at(SYSLOG);
	assert_int_equal(write_some(&sink, &login, 1, &next, &error), 0);
	receive(fd, text, sizeof(text));
	audit_sink_release(&sink);
	end_at(SYSLOG, fd);
}

/* More than a datagram has room for. */
static void a_record_that_is_too_long_is_refused_for_good(void **state)
{
	struct login_event event = event_case();
	char *name = malloc(300000);
	int fd = listen_at(SYSLOG);
	struct audit_sink sink;
	struct error error = {0};
	size_t next = 0;

	(void)state;
	memset(name, 'x', 299999);
	name[299999] = '\0';
	event_case_text(&event, DOVETAP_FIELD_USERNAME, name);
	open_sink(&sink, "syslog");
	assert_int_equal(write_some(&sink, &event, 1, &next, &error), -EMSGSIZE);
	assert_int_equal(next, 0);
	event = event_case();
	assert_int_equal(write_some(&sink, &event, 1, &next, &error), 0); /* the socket is good */
	audit_sink_release(&sink);
	end_at(SYSLOG, fd);
	free(name);
}

/* Its protocol: a line for each field (systemd.io/JOURNAL_NATIVE_PROTOCOL). */
static void the_journal_gets_fields(void **state)
{
	const struct login_event login = event_case();
	int fd = listen_at(JOURNAL);
	struct audit_sink sink;
	struct error error = {0};
	char text[8192];
	size_t next = 0;

	(void)state;
	open_sink(&sink, "journal");
	if (write_some(&sink, &login, 2, &next, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(next, 2);
	for (int i = 0; i < 2; i++) {
		receive(fd, text, sizeof(text));
		assert_non_null(strstr(text, "DOVETAP_USER=u@example.com\n"));
		assert_non_null(strstr(text, "DOVETAP_EVENT=login\n"));
		assert_non_null(strstr(text, "MESSAGE="));
	}
	audit_sink_release(&sink);
	end_at(JOURNAL, fd);
}

static void without_a_journal_there_is_an_error(void **state)
{
	const struct login_event login = event_case();
	struct audit_sink sink;
	struct error error = {0};
	size_t next = 0;

	(void)state;
	open_sink(&sink, "journal");
	assert_int_equal(write_some(&sink, &login, 1, &next, &error), -ENOENT);
	assert_non_null(strstr(error.text, "there is no journal"));
	assert_int_equal(next, 0);
	audit_sink_release(&sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syslog_gets_a_datagram_for_each_record),
		cmocka_unit_test(a_syslog_daemon_that_comes_back_is_found),
		cmocka_unit_test(a_record_that_is_too_long_is_refused_for_good),
		cmocka_unit_test(the_journal_gets_fields),
		cmocka_unit_test(without_a_journal_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, own_places, NULL);
}
