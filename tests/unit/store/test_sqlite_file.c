/* SPDX-License-Identifier: MIT */
/*
 * One file, one owner: several dicts of one file, other programs that come and go, and the file
 * replaced or removed under all of them. What is in the file is read by sqlite3(1), as another
 * process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "store/dict.h"

#define MINUTE	   (60 * NS_PER_SEC)
#define DICTS_MAX  3
#define USERS_MAX  4096
#define STRANGER   65534
#define GROUP	   64999
#define ROUNDS	   150
#define TEXT_BYTES 65536

struct place {
	char dir[64], file[96], moved[96], backup[96];
	struct dict *dicts[DICTS_MAX];
	unsigned int written;
	struct dict_entry entry;
	struct error error;
};

static const char *const tables[DICTS_MAX] = {"last_login", "last_failure", "last_auth"};

/* --- sqlite3(1) and other programs ------------------------------------------------------------ */

static char output[TEXT_BYTES];

__attribute__((format(printf, 1, 2))) static int shell(const char *fmt, ...)
{
	char command[1024];
	size_t len = 0, got;
	va_list args;
	FILE *pipe;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	while ((got = fread(output + len, 1, sizeof(output) - 1 - len, pipe)) > 0)
		len += got;
	output[len] = '\0';
	return pclose(pipe);
}

static void expect_query(const char *file, const char *query, const char *expected)
{
	assert_int_equal(shell("sqlite3 -cmd '.timeout 5000' '%s' \"%s\" 2>&1", file, query), 0);
	assert_string_equal(output, expected);
}

static void expect_sound(const struct place *place)
{
	expect_query(place->file, "PRAGMA integrity_check", "ok\n");
}

/* POSIX locks of this process on the file, as the kernel has them. */
static int locks_of(const char *file)
{
	char line[256], inode[32];
	FILE *locks = fopen("/proc/locks", "re");
	struct stat st;
	int found = 0;

	assert_non_null(locks);
	assert_int_equal(stat(file, &st), 0);
	snprintf(inode, sizeof(inode), ":%ju ", (uintmax_t)st.st_ino);
	while (fgets(line, sizeof(line), locks)) {
		char pid[32];

		snprintf(pid, sizeof(pid), " %d ", (int)getpid());
		found += strstr(line, "POSIX") && strstr(line, inode) && strstr(line, pid);
	}
	fclose(locks);
	return found;
}

static ino_t inode_of(const char *file, const char *suffix)
{
	char name[128];
	struct stat st = {0};

	snprintf(name, sizeof(name), "%s%s", file, suffix);
	(void)stat(name, &st);
	return st.st_ino;
}

/* --- the dicts
 * --------------------------------------------------------------------------------- */

static void open_dict(struct place *place, int index, const char *file)
{
	char uri[128];
	const struct dict_config config = {.uri = uri, .table = tables[index]};

	snprintf(uri, sizeof(uri), "sqlite:path=%s", file);
	assert_int_equal(dict_open(&config, &place->dicts[index], &place->error), 0);
}

static void open_all(struct place *place)
{
	for (int i = 0; i < DICTS_MAX; i++)
		open_dict(place, i, place->file);
}

static void close_all(struct place *place)
{
	for (int i = 0; i < DICTS_MAX; i++)
		dict_close(&place->dicts[i]);
}

static int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	umask(022);
	snprintf(place->dir, sizeof(place->dir), "/tmp/test_sqlite_file.XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	assert_int_equal(chmod(place->dir, 0755), 0);
	snprintf(place->file, sizeof(place->file), "%s/db", place->dir);
	snprintf(place->moved, sizeof(place->moved), "%s/moved", place->dir);
	snprintf(place->backup, sizeof(place->backup), "%s/backup", place->dir);
	assert_int_equal(shell("sqlite3 %s 'CREATE TABLE last_login (userid, service, last_access "
			       "INTEGER, last_ip, time_ns INTEGER, PRIMARY KEY (userid, service)) "
			       "WITHOUT ROWID; INSERT INTO last_login VALUES (\"old\", \"\", 1, "
			       "\"\", 1)'",
			       place->backup),
			 0);
	*state = place;
	return 0;
}

static int place_teardown(void **state)
{
	struct place *place = *state;

	close_all(place);
	assert_int_equal(shell("rm -rf %s", place->dir), 0);
	free(place);
	return 0;
}

static int try_put(struct place *place, int index, const char *user)
{
	const struct key_part part = {"user", 0, (uint32_t)strlen(user)};

	place->entry = (struct dict_entry){.key = slice_str(user),
					   .value = slice_str("1795337984"),
					   .time_ns = 1795337984 * NS_PER_SEC,
					   .parts = &part,
					   .part_count = 1};
	return dict_write(place->dicts[index], &place->entry, 1, clock_monotonic_ns() + MINUTE,
			  &place->error);
}

static void put(struct place *place, int index, const char *user)
{
	if (try_put(place, index, user) < 0)
		fail_msg("%s", place->error.text);
	assert_int_equal(place->entry.outcome, DICT_STORED);
}

static void put_in_all(struct place *place, const char *user)
{
	for (int i = 0; i < DICTS_MAX; i++)
		put(place, i, user);
}

static void expect_in_all(struct place *place, const char *expected)
{
	char query[128];

	for (int i = 0; i < DICTS_MAX; i++) {
		snprintf(query, sizeof(query), "SELECT userid FROM %s ORDER BY 1", tables[i]);
		expect_query(place->file, query, expected);
	}
	expect_sound(place);
}

/* --- locks
 * -------------------------------------------------------------------------------------- */

/* The program that closes last deletes the log: a passing one must not take itself for that. */
static void expect_kept(struct place *place)
{
	ino_t log;

	put_in_all(place, "one");
	log = inode_of(place->file, "-wal");
	assert_int_not_equal(log, 0);
	assert_true(locks_of(place->file) > 0);
	expect_in_all(place, "one\n");
	assert_int_equal(inode_of(place->file, "-wal"), log);
	put_in_all(place, "two");
	expect_in_all(place, "one\ntwo\n");
}

static void several_tables_keep_the_locks(void **state)
{
	open_all(*state);
	expect_kept(*state);
}

static void several_names_keep_the_locks(void **state)
{
	struct place *place = *state;
	char link[96], hard[96], roundabout[128];

	snprintf(link, sizeof(link), "%s/link", place->dir);
	snprintf(hard, sizeof(hard), "%s/hard", place->dir);
	snprintf(roundabout, sizeof(roundabout), "%s/../%s/./db", place->dir,
		 strrchr(place->dir, '/') + 1);
	assert_int_equal(symlink(place->file, link), 0);
	open_dict(place, 0, link); /* makes what the link leads to */
	put(place, 0, "none");
	assert_int_equal(linkat(AT_FDCWD, place->file, AT_FDCWD, hard, 0), 0);
	open_dict(place, 1, hard);
	open_dict(place, 2, roundabout);
	assert_int_equal(shell("sqlite3 %s 'DELETE FROM last_login'", place->file), 0);
	expect_kept(place);
}

static void one_that_closes_leaves_the_others_their_locks(void **state)
{
	struct place *place = *state;

	open_all(place);
	put_in_all(place, "one");
	dict_close(&place->dicts[0]);
	assert_true(locks_of(place->file) > 0);
	put(place, 1, "two");
	expect_query(place->file, "SELECT userid FROM last_failure ORDER BY 1", "one\ntwo\n");
}

/* --- another file
 * ------------------------------------------------------------------------------- */

static void a_file_put_in_its_place_is_noticed_by_all(void **state)
{
	struct place *place = *state;

	open_all(place);
	put_in_all(place, "lost");
	assert_int_equal(rename(place->backup, place->file), 0);
	put_in_all(place, "new");
	expect_query(place->file, "SELECT userid FROM last_login ORDER BY 1", "new\nold\n");
	expect_query(place->file, "SELECT userid FROM last_auth ORDER BY 1", "new\n");
	assert_int_equal(unlink(place->file), 0);
	put_in_all(place, "again");
	expect_in_all(place, "again\n");
}

static void a_file_that_is_moved_away_takes_its_rows_along(void **state)
{
	struct place *place = *state;

	open_all(place);
	put_in_all(place, "early");
	assert_int_equal(rename(place->file, place->moved), 0);
	put_in_all(place, "late");
	expect_in_all(place, "late\n");
	expect_query(place->moved, "SELECT userid FROM last_auth", "early\n");
}

/* The log and index in their places are the new file's. */
static void nothing_is_removed_but_ones_own(void **state)
{
	struct place *place = *state;

	open_all(place);
	put_in_all(place, "lost");
	assert_int_equal(shell("cd %s && sqlite3 backup 'PRAGMA journal_mode = wal' "
			       "'INSERT INTO last_login VALUES (\"logged\", \"\", 1, \"\", 1)' "
			       "'.shell cp backup r; cp backup-wal r-wal' && "
			       "mv r db && mv r-wal db-wal && rm db-shm",
			       place->dir),
			 0);
	put_in_all(place, "new");
	expect_query(place->file, "SELECT userid FROM last_login ORDER BY 1", "logged\nnew\nold\n");
	expect_sound(place);
}

/* A process that is killed leaves its log, which is no part of the file restored after it. */
static void a_log_of_another_file_is_moved_aside(void **state)
{
	struct place *place = *state;
	pid_t child = fork();
	int status;

	if (child == 0) {
		open_all(place);
		put_in_all(place, "lost");
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(rename(place->backup, place->file), 0);
	open_all(place);
	assert_int_equal(try_put(place, 0, "new"), -ESTALE);
	assert_non_null(strstr(place->error.text, "-wal.stale-"));
	put(place, 0, "new");
	expect_query(place->file, "SELECT userid FROM last_login ORDER BY 1", "new\nold\n");
	expect_sound(place);
	assert_int_equal(shell("ls %s/db-wal.stale-*", place->dir), 0);
}

static void a_log_of_a_killed_process_is_used(void **state)
{
	struct place *place = *state;
	pid_t child = fork();
	int status;

	if (child == 0) {
		open_all(place);
		put_in_all(place, "one");
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	open_all(place);
	put_in_all(place, "two");
	expect_in_all(place, "one\ntwo\n");
}

/* --- readers without rights
 * --------------------------------------------------------------------- */

/* sqlite3 -readonly by a member of the file's group. */
static void expect_group_reads(const struct place *place, const char *expected)
{
	int status = shell("setpriv --reuid %d --regid %d --groups %d sqlite3 -readonly %s "
			   "'SELECT userid FROM last_login ORDER BY 1' 2>&1",
			   STRANGER, STRANGER, GROUP, place->file);

	assert_string_equal(output, expected);
	assert_int_equal(status, 0);
	assert_int_equal(shell("find %s ! -uid 0", place->dir), 0);
	assert_string_equal(output, "");
}

static void the_group_reads_and_leaves_nothing_behind(void **state)
{
	struct place *place = *state;
	int64_t deadline_ns = clock_monotonic_ns() + MINUTE;

	if (geteuid() != 0)
		fail_msg("needs root, to be somebody else");
	assert_int_equal(chown(place->dir, 0, GROUP), 0);
	assert_int_equal(chmod(place->dir, 02775), 0); /* files get its group; and even so */
	open_all(place);
	put_in_all(place, "one");
	put(place, 0, "two");
	dict_tidy(place->dicts[0]);
	expect_group_reads(place, "one\ntwo\n");
	close_all(place);
	assert_int_equal(inode_of(place->file, "-wal"), 0);
	assert_int_equal(inode_of(place->file, "-id"), 0);
	expect_group_reads(place, "one\ntwo\n");
	open_all(place);
	assert_int_equal(dict_ping(place->dicts[0], deadline_ns, NULL), 0);
	put(place, 0, "three");
}

static void count_record(const struct dict_record *record, void *context)
{
	(void)record;
	++*(int *)context;
}

/* Who moves the file, or puts another one in its place, then finds no rows in the log. */
static void the_log_is_empty_when_nothing_is_written(void **state)
{
	struct place *place = *state;
	char log[128];
	struct stat st;

	open_all(place);
	put_in_all(place, "one");
	snprintf(log, sizeof(log), "%s-wal", place->file);
	assert_int_equal(stat(log, &st), 0);
	assert_true(st.st_size > 0);
	dict_tidy(place->dicts[0]);
	assert_int_equal(stat(log, &st), 0);
	assert_int_equal(st.st_size, 0);
}

static void looking_changes_nothing(void **state)
{
	struct place *place = *state;
	struct dict *dict;
	int found = 0;

	open_all(place);
	put(place, 0, "one");
	close_all(place);
	assert_int_equal(shell("md5sum %s > %s/sum", place->file, place->dir), 0);
	open_all(place);
	for (int i = 0; i < DICTS_MAX; i++) {
		dict = place->dicts[i];
		assert_true(dict_lookup(dict, slice_str("one"), NULL, 0,
					clock_monotonic_ns() + MINUTE, count_record, &found,
					NULL) >= 0);
	}
	assert_int_equal(found, 1);
	close_all(place);
	assert_int_equal(shell("md5sum -c %s/sum", place->dir), 0);
}

/* --- whatever happens, in any order
 * --------------------------------------------------------------- */

static unsigned int seed = 20;

static unsigned int roll(unsigned int sides)
{
	return (unsigned int)rand_r(&seed) % sides;
}

/* What is to be in the file, by our own list: whatever was stored since it was put there. */
struct list {
	bool has[DICTS_MAX][USERS_MAX];
	unsigned int next;
	bool old; /* the restored file's own row */
};

static void write_some(struct place *place, struct list *list)
{
	char user[16];

	for (unsigned int n = 1 + roll(20); n > 0 && list->next < USERS_MAX; n--) {
		int index = (int)roll(DICTS_MAX);

		snprintf(user, sizeof(user), "u%04u", list->next);
		put(place, index, user);
		list->has[index][list->next++] = true;
	}
}

static void replace(struct place *place, struct list *list)
{
	bool restore = roll(2) == 0;

	memset(list->has, 0, sizeof(list->has));
	list->old = restore;
	if (restore)
		(void)shell("cp %s %s/next && mv %s/next %s", place->backup, place->dir, place->dir,
			    place->file);
	else
		(void)unlink(place->file);
}

/* Comes, looks, and is killed or ends; with or without the right to write. */
static void pass_by(struct place *place)
{
	static const char *const ways[] = {
		"sqlite3 db 'SELECT count(*) FROM last_login'",
		"sqlite3 -readonly db 'SELECT count(*) FROM last_login'",
		"timeout -s KILL 0.02 sqlite3 db 'SELECT count(*) FROM last_login, last_login'",
		"sqlite3 db 'PRAGMA wal_checkpoint(TRUNCATE)'",
	};

	if (access(place->file, F_OK) == 0)
		(void)shell("cd %s && %s 2>&1", place->dir, ways[roll(4)]);
}

static void expect_list(struct place *place, const struct list *list)
{
	static char expected[TEXT_BYTES];
	char query[128];

	for (int i = 0; i < DICTS_MAX; i++) {
		size_t len = 0;

		if (i == 0 && list->old)
			len += (size_t)snprintf(expected, sizeof(expected), "old\n");
		for (unsigned int user = 0; user < list->next; user++)
			if (list->has[i][user])
				len += (size_t)snprintf(expected + len, sizeof(expected) - len,
							"u%04u\n", user);
		if (len == 0)
			continue;
		snprintf(query, sizeof(query), "SELECT userid FROM %s ORDER BY 1", tables[i]);
		expect_query(place->file, query, expected);
	}
	expect_sound(place);
}

static void whatever_happens_what_was_stored_is_there(void **state)
{
	struct place *place = *state;
	struct list *list = calloc(1, sizeof(*list));

	open_all(place);
	write_some(place, list);
	for (int round = 0; round < ROUNDS; round++) {
		switch (roll(8)) {
		case 0:
			/* Our next write notices, before anybody else writes in it. */
			replace(place, list);
			write_some(place, list);
			break;
		case 1:
			close_all(place);
			open_all(place);
			break;
		case 2:
			dict_tidy(place->dicts[roll(DICTS_MAX)]);
			break;
		case 3:
			expect_list(place, list);
			break;
		case 4:
		case 5:
			pass_by(place);
			break;
		default:
			write_some(place, list);
		}
	}
	expect_list(place, list);
	free(list);
}

#define story(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		story(several_tables_keep_the_locks),
		story(several_names_keep_the_locks),
		story(one_that_closes_leaves_the_others_their_locks),
		story(a_file_put_in_its_place_is_noticed_by_all),
		story(a_file_that_is_moved_away_takes_its_rows_along),
		story(nothing_is_removed_but_ones_own),
		story(a_log_of_another_file_is_moved_aside),
		story(a_log_of_a_killed_process_is_used),
		story(the_group_reads_and_leaves_nothing_behind),
		story(the_log_is_empty_when_nothing_is_written),
		story(looking_changes_nothing),
		story(whatever_happens_what_was_stored_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
