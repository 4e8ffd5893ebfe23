/* SPDX-License-Identifier: MIT */
/* Enrichment in a made-up /sys/fs/cgroup, /proc and /var/log. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "dovetap/cgroup.h"
#include "login/enrich.h"

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID   "8d3ab8ae-1f0c-4c5e-9c2b-0f1e2d3c4b5a"
#define POD   "kubepods/pod" UID
#define BOOT  (1000 * 1000000000ULL) /* of the logins, in a process that started before */

struct world {
	char top[64];
	char cgroup[80], proc[80], pods[80], containers[80];
	struct enrich *enrich;
};

static const char *below(const struct world *world, const char *format, ...)
{
	static char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/", world->top);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(path + len, sizeof(path) - (size_t)len, format, args);
	va_end(args);
	return path;
}

static void make_dir(const char *path)
{
	char copy[PATH_MAX + 16];

	(void)snprintf(copy, sizeof(copy), "mkdir -p '%s'", path);
	assert_int_equal(system(copy), 0); /* NOLINT(cert-env33-c): made of our own names */
}

static void make_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static uint64_t number_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void set_process(const struct world *world, const char *cgroup, const char *start_ticks)
{
	char stat_line[256];

	(void)mkdir(below(world, "proc/7"), 0755); /* may be there */
	make_file(below(world, "proc/7/cgroup"), cgroup);
	(void)snprintf(stat_line, sizeof(stat_line),
		       "7 (a ) b) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 %s 100 200\n",
		       start_ticks);
	make_file(below(world, "proc/7/stat"), stat_line);
}

/* With that file among the control groups, which shows of what version they are. */
static struct world *new_world(const char *file)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	(void)snprintf(world->top, sizeof(world->top), "/tmp/dovetap-enrich.XXXXXX");
	assert_non_null(mkdtemp(world->top));
	(void)snprintf(world->cgroup, sizeof(world->cgroup), "%s/cgroup", world->top);
	(void)snprintf(world->proc, sizeof(world->proc), "%s/proc", world->top);
	(void)snprintf(world->pods, sizeof(world->pods), "%s/pods", world->top);
	(void)snprintf(world->containers, sizeof(world->containers), "%s/containers", world->top);
	make_dir(world->cgroup);
	make_dir(world->containers);
	make_dir(world->proc);
	if (file) {
		char path[64];

		(void)snprintf(path, sizeof(path), "cgroup/%s", file);
		make_dir(below(world, "cgroup/pids"));
		make_file(below(world, path), "");
	}
	assert_int_equal(enrich_new(&(struct enrich_places){world->cgroup, world->proc, world->pods,
							    world->containers},
				    &world->enrich, NULL),
			 0);
	return world;
}

static void free_world(struct world *world)
{
	char command[128];

	enrich_free(&world->enrich);
	(void)snprintf(command, sizeof(command), "rm -r '%s'", world->top);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	free(world);
}

static void expect(struct world *world, uint64_t cgroup_id, const char *pod, const char *container)
{
	const struct login login = {.cgroup_id = cgroup_id, .pid = 7, .boot_ns = BOOT};
	const struct enrichment *found = enrich_login(world->enrich, &login);

	assert_string_equal(enrich_get(found, ENRICH_POD).ptr, pod);
	assert_string_equal(enrich_get(found, ENRICH_CONTAINER).ptr, container);
}

static void expect_ids(struct world *world, const char *namespace, const char *uid, const char *id)
{
	const struct login login = {.cgroup_id = 1, .pid = 7, .boot_ns = BOOT};
	const struct enrichment *found = enrich_login(world->enrich, &login);

	assert_string_equal(enrich_get(found, ENRICH_POD_NAMESPACE).ptr, namespace);
	assert_string_equal(enrich_get(found, ENRICH_POD_UID).ptr, uid);
	assert_string_equal(enrich_get(found, ENRICH_CONTAINER_ID).ptr, id);
}

static void a_process_that_has_ended_is_found_by_number(void **state)
{
	struct world *world = new_world("cgroup.controllers");
	uint64_t number;

	(void)state;
	make_dir(below(world, "cgroup/system.slice/dovecot.service"));
	make_dir(below(world, "cgroup/" POD "/" ID));
	number = number_of(below(world, "cgroup/" POD "/" ID));
	expect(world, number, UID, ID);
	/* and stays known when the container is gone */
	assert_int_equal(rmdir(below(world, "cgroup/" POD "/" ID)), 0);
	expect(world, number, UID, ID);
	free_world(world);
}

static uint64_t numbered(struct world *world, const char *path, unsigned int controller)
{
	return number_of(below(world, path)) | DOVETAP_CGROUP_V1_MARK(controller);
}

static void of_version_1_too(void **state)
{
	struct world *world = new_world("pids/cgroup.procs");
	uint64_t number;

	(void)state;
	make_dir(below(world, "cgroup/pids/" POD "/" ID));
	number = numbered(world, "cgroup/pids/" POD "/" ID, 0);
	expect(world, number, UID, ID);
	assert_int_equal(rmdir(below(world, "cgroup/pids/" POD "/" ID)), 0);
	expect(world, number, UID, ID);
	free_world(world);
}

static void numbers_of_other_hierarchies_are_none(void **state)
{
	struct world *world = new_world("pids/cgroup.procs");

	(void)state;
	make_dir(below(world, "cgroup/pids/docker/" OTHER));
	expect(world, numbered(world, "cgroup/pids/docker/" OTHER, 1), "unknown", "unknown");
	expect(world, number_of(below(world, "cgroup/pids/docker/" OTHER)), "unknown", "unknown");
	set_process(world, "4:memory:/docker/" ID "\n", "5");
	expect(world, numbered(world, "cgroup/pids/docker/" OTHER, 1), "unknown", ID);
	free_world(world);
}

static void a_number_of_version_1_is_none_of_version_2(void **state)
{
	struct world *world = new_world("cgroup.controllers");

	(void)state;
	make_dir(below(world, "cgroup/docker/" ID));
	expect(world, numbered(world, "cgroup/docker/" ID, 0), "unknown", "unknown");
	free_world(world);
}

/* A container may have its groups in some hierarchies only. */
static void a_group_of_no_container_leaves_the_process_to_be_read(void **state)
{
	struct world *world = new_world("pids/cgroup.procs");

	(void)state;
	make_dir(below(world, "cgroup/pids/system.slice"));
	set_process(world, "4:memory:/docker/" ID "\n3:pids:/system.slice\n", "5");
	expect(world, numbered(world, "cgroup/pids/system.slice", 0), "unknown", ID);
	free_world(world);
}

static void a_number_that_is_nowhere_is_unknown(void **state)
{
	struct world *world = new_world("cgroup.controllers");

	(void)state;
	make_dir(below(world, "cgroup/" POD "/" ID));
	expect(world, 1, "unknown", "unknown");
	free_world(world);
}

static void the_number_counts_and_not_what_the_process_reads(void **state)
{
	struct world *world = new_world("cgroup.controllers");
	uint64_t number;

	(void)state;
	set_process(world, "0::/docker/" ID "\n", "5");
	make_dir(below(world, "cgroup/docker/" ID));
	make_dir(below(world, "cgroup/docker/" OTHER));
	number = number_of(below(world, "cgroup/docker/" OTHER));
	/* its number is another process's by now */
	expect(world, number, "unknown", OTHER);
	expect(world, number_of(below(world, "cgroup/docker/" ID)), "unknown", ID);
	free_world(world);
}

/* In a cgroup namespace of its own a reader sees the groups of others behind "/..". */
static void a_path_from_another_cgroup_namespace_does_not_matter(void **state)
{
	struct world *world = new_world("cgroup.controllers");

	(void)state;
	set_process(world, "0::/../../docker/" ID "\n", "5");
	make_dir(below(world, "cgroup/docker/" OTHER));
	make_dir(below(world, "cgroup/docker/" ID));
	expect(world, number_of(below(world, "cgroup/docker/" ID)), "unknown", ID);
	free_world(world);
}

static void a_name_stands_for_the_id(void **state)
{
	struct world *world = new_world("cgroup.controllers");

	(void)state;
	make_dir(below(world, "cgroup/lxc.payload.mail-1/init.scope"));
	expect(world, number_of(below(world, "cgroup/lxc.payload.mail-1/init.scope")), "unknown",
	       "mail-1");
	free_world(world);
}

/* A container that has gone before its login's record is read. */
static void a_short_life_is_seen_in_time(void **state)
{
	struct world *world = new_world("cgroup.controllers");
	uint64_t number;

	(void)state;
	assert_true(enrich_fd(world->enrich) >= 0);
	make_dir(below(world, "cgroup/docker/" ID));
	number = number_of(below(world, "cgroup/docker/" ID));
	enrich_refresh(world->enrich);
	assert_int_equal(rmdir(below(world, "cgroup/docker/" ID)), 0);
	enrich_refresh(world->enrich);
	expect(world, number, "unknown", ID);
	free_world(world);
}

static void version_1_asks_the_process(void **state)
{
	struct world *world = new_world(NULL);

	(void)state;
	set_process(world, "9:pids:/" POD "/" ID "\n0::/\n", "5");
	expect(world, 1, UID, ID);
	set_process(world, "9:pids:/docker/" OTHER "\n0::/\n", "5");
	expect(world, 1, "unknown", OTHER);
	expect_ids(world, "unknown", "unknown", OTHER);
	free_world(world);
}

static void version_1_believes_no_younger_process(void **state)
{
	struct world *world = new_world(NULL);

	(void)state;
	set_process(world, "9:pids:/docker/" ID "\n", "99999999");
	expect(world, 1, "unknown", "unknown");
	assert_int_equal(unlink(below(world, "proc/7/stat")), 0);
	expect(world, 1, "unknown", "unknown");
	free_world(world);
}

static void log_files_give_the_names(void **state)
{
	struct world *world = new_world(NULL);

	(void)state;
	set_process(world, "9:pids:/" POD "/" ID "\n", "5");
	make_file(below(world, "containers/mail-1_prod_dovecot-" OTHER ".log"), "");
	make_file(below(world, "containers/mail-0_prod_dovecot-" ID ".log"), "");
	expect(world, 1, "mail-0", "dovecot");
	expect_ids(world, "prod", UID, ID);
	free_world(world);
}

static void a_pod_directory_gives_the_pod_alone(void **state)
{
	struct world *world = new_world(NULL);

	(void)state;
	set_process(world, "9:pids:/" POD "/" ID "\n", "5");
	make_dir(below(world, "pods/prod_mail-0_" UID));
	expect(world, 1, "mail-0", ID);
	expect_ids(world, "prod", UID, ID);
	free_world(world);
}

static uint64_t start_container(const struct world *world, const char *id)
{
	char cgroup[128];

	(void)snprintf(cgroup, sizeof(cgroup), "0::/docker/%s\n", id);
	set_process(world, cgroup, "5");
	assert_int_equal(mkdir(below(world, "cgroup/docker/%s", id), 0755), 0);
	return number_of(below(world, "cgroup/docker/%s", id));
}

static void more_groups_than_are_kept_are_still_right(void **state)
{
	struct world *world = new_world("cgroup.controllers");
	char id[CONTAINER_ID_LEN + 1];

	(void)state;
	make_dir(below(world, "cgroup/docker"));
	for (unsigned int i = 0; i < ENRICH_KNOWN_MAX + 10; i++) {
		(void)snprintf(id, sizeof(id), "%08x%.56s", i, ID);
		expect(world, start_container(world, id), "unknown", id);
	}
	free_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_that_has_ended_is_found_by_number),
		cmocka_unit_test(of_version_1_too),
		cmocka_unit_test(numbers_of_other_hierarchies_are_none),
		cmocka_unit_test(a_number_of_version_1_is_none_of_version_2),
		cmocka_unit_test(a_group_of_no_container_leaves_the_process_to_be_read),
		cmocka_unit_test(a_number_that_is_nowhere_is_unknown),
		cmocka_unit_test(the_number_counts_and_not_what_the_process_reads),
		cmocka_unit_test(a_path_from_another_cgroup_namespace_does_not_matter),
		cmocka_unit_test(a_name_stands_for_the_id),
		cmocka_unit_test(a_short_life_is_seen_in_time),
		cmocka_unit_test(version_1_asks_the_process),
		cmocka_unit_test(version_1_believes_no_younger_process),
		cmocka_unit_test(log_files_give_the_names),
		cmocka_unit_test(a_pod_directory_gives_the_pod_alone),
		cmocka_unit_test(more_groups_than_are_kept_are_still_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
