/* SPDX-License-Identifier: MIT */
/* The stream with real files, pipes and sockets. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "audit/audit.h"
#include "audit/sink.h"
#include "base/clock.h"
#include "event_case.h"

#define PATIENCE_NS (20 * NS_PER_SEC)

struct stage {
	char dir[64], file[96];
	struct audit *audit;
};

static int set_up(void **state)
{
	static struct stage stage;

	stage = (struct stage){.dir = "/tmp/dovetap-audit.XXXXXX"};
	assert_non_null(mkdtemp(stage.dir));
	(void)snprintf(stage.file, sizeof(stage.file), "%s/audit.log", stage.dir);
	*state = &stage;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;
	char old[128];

	audit_free(&stage->audit, clock_monotonic_ns() + PATIENCE_NS);
	(void)snprintf(old, sizeof(old), "%s.1", stage->file);
	(void)unlink(stage->file);
	(void)unlink(old);
	return rmdir(stage->dir);
}

static void start(struct stage *stage, const char *target, size_t queue_size)
{
	const struct audit_config config = {
		.target = target,
		.events = 1U << LOGIN_EVENT_LOGIN,
		.queue_size = queue_size,
		.policy = {.fields = 1U << AUDIT_FIELD_USER, .mask = {32, 128}},
	};

	assert_int_equal(audit_new(&config, &stage->audit, NULL), 0);
}

static void log_in(struct stage *stage, const char *user)
{
	struct login_event event = event_case();

	event_case_text(&event, DOVETAP_FIELD_USERNAME, user);
	audit_event(stage->audit, &event);
}

static void wait_for_written(const struct stage *stage, uint64_t count)
{
	int64_t deadline = clock_monotonic_ns() + PATIENCE_NS;
	struct audit_stats stats;

	do {
		(void)usleep(1000);
		audit_stats(stage->audit, &stats);
	} while (stats.written < count && clock_monotonic_ns() < deadline);
	assert_int_equal(stats.written, count);
}

static void file_is(const char *path, const char *content)
{
	char got[4096] = "";
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	close(fd);
	assert_string_equal(got, content);
}

#define LINE(user)                                                                                 \
	"{\"version\":1,\"event\":\"login\",\"time\":\"2026-11-22T09:05:02.123456Z\",\"user\":"    \
	"\"" user "\"}\n"

static void a_line_for_each_event(void **state)
{
	struct stage *stage = *state;
	struct login_event other = event_case();
	struct stat file;

	start(stage, stage->file, 1 << 20);
	other.kind = LOGIN_EVENT_AUTH;
	log_in(stage, "a");
	audit_event(stage->audit, &other); /* nobody asked for it */
	log_in(stage, "b");
	audit_free(&stage->audit, clock_monotonic_ns() + PATIENCE_NS);
	file_is(stage->file, LINE("a") LINE("b"));
	assert_int_equal(stat(stage->file, &file), 0);
	assert_int_equal(file.st_mode & 0137, 0);
}

static void a_file_that_was_moved_is_made_anew(void **state)
{
	struct stage *stage = *state;
	char old[128];

	(void)snprintf(old, sizeof(old), "%s.1", stage->file);
	start(stage, stage->file, 1 << 20);
	log_in(stage, "a");
	wait_for_written(stage, 1);
	assert_int_equal(rename(stage->file, old), 0);
	log_in(stage, "b");
	wait_for_written(stage, 2);
	file_is(old, LINE("a"));
	file_is(stage->file, LINE("b"));
}

static void half_a_line_is_ended(void **state)
{
	struct stage *stage = *state;
	int fd = open(stage->file, O_CREAT | O_WRONLY, 0600);

	assert_int_equal(write(fd, "{\"ver", 5), 5);
	close(fd);
	start(stage, stage->file, 1 << 20);
	log_in(stage, "a");
	wait_for_written(stage, 1);
	file_is(stage->file, "{\"ver\n" LINE("a"));
}

static void what_the_queue_cannot_hold_is_counted(void **state)
{
	struct stage *stage = *state;
	struct audit_stats stats;

	/* It fails to be opened, so all stays in the queue. */
	assert_int_equal(mkdir(stage->file, 0700), 0);
	start(stage, stage->file, 1 << 16);
	for (int i = 0; i < 10000; i++)
		log_in(stage, "a");
	audit_stats(stage->audit, &stats);
	assert_int_equal(stats.events[LOGIN_EVENT_LOGIN], 10000);
	assert_int_equal(stats.written, 0);
	/* One queue that waits and one that the thread has out; no record is shorter than this. */
	assert_true(stats.lost[AUDIT_LOST_QUEUE_FULL] > 10000 - 2 * (1 << 16) / 60);
	assert_true(stats.lost[AUDIT_LOST_QUEUE_FULL] < 10000);
	/* Once it can be opened, what was kept is written: every record is in one of the two. */
	assert_int_equal(rmdir(stage->file), 0);
	wait_for_written(stage, 10000 - stats.lost[AUDIT_LOST_QUEUE_FULL]);
}

static void a_full_disk_loses_nothing_that_fits_the_queue(void **state)
{
	struct stage *stage = *state;
	struct audit_stats stats;

	assert_int_equal(symlink("/dev/full", stage->file), 0);
	start(stage, stage->file, 1 << 16);
	log_in(stage, "a");
	do {
		(void)usleep(1000);
		audit_stats(stage->audit, &stats);
	} while (stats.up);
	assert_int_equal(unlink(stage->file), 0);
	wait_for_written(stage, 1);
	file_is(stage->file, LINE("a"));
}

/* A pipe that nobody reads blocks the thread, nobody else. */
static void a_sink_that_hangs_holds_nobody_up(void **state)
{
	struct stage *stage = *state;
	struct audit_stats stats;
	char gone[4096];
	int fd, full = 0;

	assert_int_equal(mkfifo(stage->file, 0600), 0);
	fd = open(stage->file, O_RDWR | O_NONBLOCK);
	start(stage, stage->file, 1 << 16);
	do {
		for (int i = 0; i < 1000; i++)
			log_in(stage, "a");
		audit_stats(stage->audit, &stats);
	} while (stats.lost[AUDIT_LOST_QUEUE_FULL] == 0 && ++full < 1000);
	assert_true(stats.lost[AUDIT_LOST_QUEUE_FULL] > 0);
	/* When it is read again, all that was kept comes. */
	do {
		(void)!read(fd, gone, sizeof(gone));
		audit_stats(stage->audit, &stats);
	} while (stats.written + stats.lost[AUDIT_LOST_QUEUE_FULL] <
		 stats.events[LOGIN_EVENT_LOGIN]);
	close(fd);
}

static void a_wrong_target_is_reported(void **state)
{
	struct error error;

	assert_int_equal(audit_sink_try("nowhere", &error), -EINVAL);
	assert_non_null(strstr(error.text, "\"nowhere\" is unknown; stdout, syslog, journal"));
	assert_int_equal(audit_sink_try("/no/such/dir/file", &error), -ENOENT);
	assert_int_equal(audit_sink_try(((struct stage *)*state)->file, &error), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_line_for_each_event),
		TEST(a_file_that_was_moved_is_made_anew),
		TEST(half_a_line_is_ended),
		TEST(what_the_queue_cannot_hold_is_counted),
		TEST(a_full_disk_loses_nothing_that_fits_the_queue),
		TEST(a_sink_that_hangs_holds_nobody_up),
		TEST(a_wrong_target_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
