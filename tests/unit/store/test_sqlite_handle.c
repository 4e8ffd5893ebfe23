/* SPDX-License-Identifier: MIT */
/*
 * Threads that share the connection of one file, as the writers of several dicts do, while handles
 * come and go and the file is replaced: each gets it for itself. For TSan ("make tsan"); the rows
 * are counted here.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "store/sqlite_file.h"

#define THREADS 4
#define ROUNDS	60
#define LONG_NS (60 * NS_PER_SEC)

static char dir[64], file[96], moved[96];
static atomic_uint inserted, inside;

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_handle.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/db", dir);
	snprintf(moved, sizeof(moved), "%s/moved", dir);
	atomic_store(&inserted, 0);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct sqlite_handle *open_handle(void)
{
	const struct sqlite_handle_options options = {
		.path = file, .synchronous = "off", .create = true};
	struct sqlite_handle *handle = NULL;

	if (sqlite_handle_new(&options, &handle, NULL) < 0)
		abort();
	return handle;
}

static int insert(sqlite3 *db)
{
	return sqlite3_exec(db,
			    "CREATE TABLE IF NOT EXISTS t (x INTEGER);"
			    "INSERT INTO t VALUES (1)",
			    NULL, NULL, NULL);
}

/* Aborts when two threads are inside. False when the file was moved away meanwhile, which SQLite
 * notices. */
static bool try_insert_row(struct sqlite_handle *handle)
{
	struct error error = {0};
	int ret;

	if (sqlite_handle_begin(handle, SQLITE_HANDLE_WRITE, clock_monotonic_ns() + LONG_NS, 60000,
				&error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		abort();
	}
	if (atomic_fetch_add(&inside, 1) != 0)
		abort();
	ret = insert(sqlite_handle_db(handle));
	if (ret != SQLITE_OK &&
	    sqlite3_extended_errcode(sqlite_handle_db(handle)) != SQLITE_READONLY_DBMOVED)
		abort();
	atomic_fetch_sub(&inside, 1);
	if (ret == SQLITE_OK)
		sqlite_handle_end(handle);
	else
		sqlite_handle_drop(handle);
	return ret == SQLITE_OK;
}

static void insert_row(struct sqlite_handle *handle)
{
	while (!try_insert_row(handle))
		;
	atomic_fetch_add(&inserted, 1);
}

static void *write_rows(void *context)
{
	struct sqlite_handle *handle = open_handle();

	(void)context;
	for (unsigned int i = 0; i < ROUNDS; i++)
		insert_row(handle);
	sqlite_handle_free(&handle);
	return NULL;
}

/* A new handle for each row. */
static void *come_and_go(void *context)
{
	(void)context;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct sqlite_handle *handle = open_handle();

		insert_row(handle);
		sqlite_handle_free(&handle);
	}
	return NULL;
}

static unsigned int rows_in(const char *path)
{
	char command[256], line[32] = "";
	FILE *pipe;

	if (access(path, F_OK) < 0)
		return 0;
	snprintf(command, sizeof(command), "sqlite3 '%s' 'SELECT count(*) FROM t'", path);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	assert_int_equal(pclose(pipe), 0);
	return (unsigned int)strtoul(line, NULL, 10);
}

static void run_threads(bool replace)
{
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, i == 0 ? come_and_go : write_rows, NULL),
			0);
	while (replace && atomic_load(&inserted) < ROUNDS)
		usleep(1000);
	if (replace)
		assert_int_equal(rename(file, moved), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&inserted), THREADS * ROUNDS);
}

static void each_thread_has_the_connection_for_itself(void **state)
{
	(void)state;
	run_threads(false);
	assert_int_equal(rows_in(file), THREADS * ROUNDS);
}

static void a_replaced_file_is_noticed_by_all_threads(void **state)
{
	(void)state;
	run_threads(true);
	assert_int_equal(rows_in(file) + rows_in(moved), THREADS * ROUNDS);
	assert_true(rows_in(file) > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(each_thread_has_the_connection_for_itself),
		TEST(a_replaced_file_is_noticed_by_all_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
