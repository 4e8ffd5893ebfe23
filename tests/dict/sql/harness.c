/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/stamp.h"

#define PATIENCE_MS 30000

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* --- the server -------------------------------------------------------------------------------*/

static void run_script(const struct sql_harness *harness, const char *verb, const char *in,
		       const char *out)
{
	char path[128];
	pid_t pid;
	int status;

	snprintf(path, sizeof(path), "tests/servers/%s.sh", harness->script);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(open(in, O_RDONLY | O_CLOEXEC), STDIN_FILENO);
		dup2(open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), STDOUT_FILENO);
		execl(path, path, verb, harness->dir, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s %s failed", path, verb);
}

void sql_harness_do(const struct sql_harness *harness, const char *verb)
{
	run_script(harness, verb, "/dev/null", "/dev/null");
}

void sql_harness_start(struct sql_harness *harness)
{
	snprintf(harness->dir, sizeof(harness->dir), "/tmp/dovetap-%s.XXXXXX", harness->script);
	assert_non_null(mkdtemp(harness->dir));
	sql_harness_do(harness, "init");
}

void sql_harness_stop(struct sql_harness *harness)
{
	pid_t pid;

	sql_harness_close(harness);
	sql_harness_do(harness, "stop");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		execlp("rm", "rm", "-rf", harness->dir, NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

const char *sql_harness_ask(const struct sql_harness *harness, const char *fmt, ...)
{
	static char answer[65536];
	char in[96], out[96], text[8192];
	size_t len;
	va_list args;
	FILE *file;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(in, sizeof(in), "%s/in", harness->dir);
	snprintf(out, sizeof(out), "%s/out", harness->dir);
	write_file(in, text);
	run_script(harness, "sql", in, out);
	file = fopen(out, "r");
	assert_non_null(file);
	len = fread(answer, 1, sizeof(answer) - 1, file);
	answer[len] = '\0';
	fclose(file);
	return answer;
}

/* --- the dict ---------------------------------------------------------------------------------*/

void sql_harness_close(struct sql_harness *harness)
{
	if (harness->dict)
		harness->driver->close(harness->dict);
	harness->dict = NULL;
}

void sql_harness_open(struct sql_harness *harness, const char *maps, const char *connect,
		      const char *version)
{
	char path[96], uri[128], own[256], text[8192];
	struct dict_config config = {.uri = uri, .where = "--dict", .dovecot_version = version};
	struct error error = {0};

	sql_harness_close(harness);
	config.strict = version != NULL;
	snprintf(own, sizeof(own), "%s%s%s", harness->connect[0], harness->dir,
		 harness->connect[1]);
	snprintf(path, sizeof(path), "%s/map.conf", harness->dir);
	snprintf(text, sizeof(text), "connect = %s\n%s", connect ? connect : own, maps);
	write_file(path, text);
	snprintf(uri, sizeof(uri), "%s:%s", harness->driver->name, path);
	if (harness->driver->open(&config, &harness->dict, &error) < 0)
		fail_msg("%s", error.text);
}

/* --- logins -----------------------------------------------------------------------------------*/

void batch_add(struct batch *batch, const struct login *login)
{
	size_t i = batch->count++;
	const char *texts[] = {login->service, login->user, login->remote_ip};
	static const char *const names[] = {"service", "user", "remote_ip"};
	uint32_t at = sizeof("shared/last-login/") - 1;

	assert_true(i < LOGINS_MAX);
	assert_true(asprintf(&batch->keys[i], "shared/last-login/%s/%s/%s", login->service,
			     login->user, login->remote_ip) > 0);
	for (int part = 0; part < 3; part++) {
		uint32_t len = (uint32_t)strlen(texts[part]);

		batch->parts[i][part] = (struct key_part){names[part], at, len};
		at += len + 1;
	}
	snprintf(batch->values[i], sizeof(batch->values[i]), "%lld", (long long)login->value);
	batch->entries[i] = (struct dict_entry){
		.key = slice_str(batch->keys[i]),
		.value = slice_str(batch->values[i]),
		.time_ns = stamp_to_ns(slice_str(batch->values[i])),
		.parts = batch->parts[i],
		.part_count = 3,
	};
}

void batch_clear(struct batch *batch)
{
	while (batch->count > 0)
		free(batch->keys[--batch->count]);
}

int sql_harness_write_until(struct sql_harness *harness, struct batch *batch, int64_t ms)
{
	for (size_t i = 0; i < batch->count; i++)
		batch->entries[i].outcome = DICT_PENDING;
	return harness->driver->write(harness->dict, batch->entries, batch->count,
				      clock_monotonic_ns() + ms * NS_PER_MSEC, &batch->error);
}

int sql_harness_write(struct sql_harness *harness, struct batch *batch)
{
	return sql_harness_write_until(harness, batch, PATIENCE_MS);
}

void assert_outcome(enum dict_outcome got, enum dict_outcome expected, const char *reason)
{
	if (got != expected)
		fail_msg("%s instead of %s: %s", dict_outcome_name(got),
			 dict_outcome_name(expected), reason);
}

const char *sql_harness_expect(struct sql_harness *harness, struct login login,
			       enum dict_outcome expected)
{
	static char reason[DICT_REASON_MAX];
	struct batch *batch = calloc(1, sizeof(*batch));
	enum dict_outcome outcome;

	assert_non_null(batch);
	batch_add(batch, &login);
	sql_harness_write(harness, batch);
	outcome = batch->entries[0].outcome;
	snprintf(reason, sizeof(reason), "%s", batch->entries[0].reason);
	batch_clear(batch);
	free(batch);
	assert_outcome(outcome, expected, reason);
	return reason;
}
