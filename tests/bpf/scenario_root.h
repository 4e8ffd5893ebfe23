/* SPDX-License-Identifier: MIT */
/*
 * A root folder of a test's own with the synthetic Dovecot in it, which can be attached to and
 * called. What is called with NULL counts in DOVETAP_COUNT_NO_OBJECT, once for each probe.
 */
#ifndef DOVETAP_TEST_SCENARIO_ROOT_H
#define DOVETAP_TEST_SCENARIO_ROOT_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dovetap/counters.h"
#include "unit/cmocka_all.h"

#define SCENARIO_LIBRARY "usr/lib/dovecot/libdovecot-storage.so.0"
#define SCENARIO_PATH	 256

static inline void scenario_path(const char *root, const char *name, char path_r[SCENARIO_PATH])
{
	assert_true(snprintf(path_r, SCENARIO_PATH, "%s/%s", root, name) < SCENARIO_PATH);
}

static inline void scenario_make_root(char root_r[64])
{
	char path[SCENARIO_PATH];

	snprintf(root_r, 64, "/tmp/dovetap-attach.XXXXXX");
	assert_non_null(mkdtemp(root_r));
	for (const char *const *name =
		     (const char *const[]){"usr", "usr/lib", "usr/lib/dovecot", NULL};
	     *name; name++) {
		scenario_path(root_r, *name, path);
		assert_int_equal(mkdir(path, 0755), 0);
	}
}

static inline void scenario_remove_root(const char *root)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	assert_int_equal(system(command), 0); /* NOLINT */
}

/* Copies tests/target/SOURCE, beside this program's folder, to path. */
static inline void scenario_copy(const char *source, const char *path)
{
	char from[SCENARIO_PATH];
	struct stat st;
	int in, out;
	ssize_t len = readlink("/proc/self/exe", from, sizeof(from) - 64);

	assert_true(len > 0);
	from[len] = '\0';
	memcpy(strrchr(from, '/'), "/../target/", sizeof("/../target/"));
	snprintf(from + strlen(from), 64 - sizeof("/../target/"), "%s", source);
	in = open(from, O_RDONLY | O_CLOEXEC);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_true(in >= 0 && out >= 0 && fstat(in, &st) == 0);
	assert_int_equal(sendfile(out, in, NULL, (size_t)st.st_size), st.st_size);
	close(in);
	close(out);
}

/* Puts the library SOURCE of tests/target into root as its libdovecot-storage, under a new inode.
 */
static inline void scenario_install(const char *root, const char *source)
{
	char new[SCENARIO_PATH], path[SCENARIO_PATH];

	scenario_path(root, "usr/lib/dovecot/new", new);
	scenario_path(root, SCENARIO_LIBRARY, path);
	scenario_copy(source, new);
	assert_int_equal(rename(new, path), 0);
}

/* A user of the library: maps it and calls its probed function. */
struct scenario_user {
	void *library;
	void (*hook_mail_user_created)(void *user);
};

static inline struct scenario_user scenario_user_open(const char *root)
{
	struct scenario_user user;
	char path[SCENARIO_PATH];

	scenario_path(root, SCENARIO_LIBRARY, path);
	user.library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	assert_non_null(user.library);
	*(void **)&user.hook_mail_user_created = dlsym(user.library, "hook_mail_user_created");
	assert_non_null(user.hook_mail_user_created);
	return user;
}

static inline void scenario_user_close(struct scenario_user *user)
{
	dlclose(user->library);
}

/* Over all CPUs. */
static inline unsigned long long scenario_count(int counters_fd)
{
	uint32_t index = DOVETAP_COUNTER_STRIDE + DOVETAP_COUNT_NO_OBJECT;
	unsigned long long sum = 0;
	uint64_t value;

	assert_int_equal(bpf_map_lookup_elem(counters_fd, &index, &value), 0);
	for (; bpf_map_lookup_elem(counters_fd, &index, &value) == 0;
	     index += DOVETAP_COUNTER_STRIDE)
		sum += value;
	return sum;
}

#endif
