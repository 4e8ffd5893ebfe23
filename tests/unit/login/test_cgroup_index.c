/* SPDX-License-Identifier: MIT */
/* Ordinary directories stand for control groups: inotify and inode numbers are the same. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "login/cgroup_index.h"

#define ID_FORMAT "%064x"

struct world {
	char root[64];
	struct cgroup_index *index;
};

static void make_world(struct world *world)
{
	(void)snprintf(world->root, sizeof(world->root), "/tmp/dovetap-groups.XXXXXX");
	assert_non_null(mkdtemp(world->root));
}

static void remove_world(struct world *world)
{
	char command[128];

	cgroup_index_free(&world->index);
	(void)snprintf(command, sizeof(command), "rm -rf %s", world->root);
	assert_int_equal(system(command), 0); /* NOLINT */
}

/* Returns its number. */
static uint64_t make_group(const struct world *world, const char *path)
{
	char full[256];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s/%s", world->root, path);
	assert_int_equal(mkdir(full, 0755), 0);
	assert_int_equal(stat(full, &st), 0);
	return st.st_ino;
}

static void remove_group(const struct world *world, const char *path)
{
	char full[256];

	(void)snprintf(full, sizeof(full), "%s/%s", world->root, path);
	assert_int_equal(rmdir(full), 0);
}

static void assert_id(const struct world *world, uint64_t group, unsigned int number)
{
	const struct container *container = cgroup_index_find(world->index, group);
	char id[CONTAINER_ID_LEN + 1];

	(void)snprintf(id, sizeof(id), ID_FORMAT, number);
	assert_non_null(container);
	assert_string_equal(container->id, id);
}

static uint64_t make_container(const struct world *world, const char *parent, unsigned int number)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/" ID_FORMAT, parent, number);
	return make_group(world, path);
}

static bool is_readable(const struct world *world)
{
	struct pollfd fd = {.fd = cgroup_index_fd(world->index), .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

/* One walk knows all of them; a later look-up of any needs no other. */
static void what_is_there_is_known(void **state)
{
	struct world world = {0};
	uint64_t groups[300];

	(void)state;
	make_world(&world);
	(void)make_group(&world, "docker");
	for (unsigned int i = 0; i < 300; i++)
		groups[i] = make_container(&world, "docker", i);
	world.index = cgroup_index_new(world.root);
	for (unsigned int i = 0; i < 300; i++)
		assert_id(&world, groups[i], i);
	assert_false(is_readable(&world));
	remove_world(&world);
}

static void what_comes_is_reported(void **state)
{
	struct world world = {0};
	uint64_t deep;

	(void)state;
	make_world(&world);
	world.index = cgroup_index_new(world.root);
	(void)make_group(&world, "kubepods.slice");
	assert_true(is_readable(&world));
	/* Made before anybody could watch its parent. */
	deep = make_container(&world, "kubepods.slice", 7);
	cgroup_index_refresh(world.index);
	assert_false(is_readable(&world));
	assert_id(&world, deep, 7);
	deep = make_container(&world, "kubepods.slice", 8);
	assert_id(&world, deep, 8);
	remove_world(&world);
}

static void none_and_unknown_are_two_things(void **state)
{
	struct world world = {0};
	const struct container *container;
	uint64_t service;

	(void)state;
	make_world(&world);
	service = make_group(&world, "dovecot.service");
	world.index = cgroup_index_new(world.root);
	container = cgroup_index_find(world.index, service);
	assert_non_null(container);
	assert_string_equal(container->id, "");
	assert_string_equal(container->name, "");
	assert_null(cgroup_index_find(world.index, service + 1000000));
	remove_world(&world);
}

/* The oldest of those that are gone are forgotten, and nothing of those that are there. */
static void what_is_gone_stays_known_for_a_while(void **state)
{
	struct world world = {0};
	uint64_t first, last = 0, there;
	char path[128];

	(void)state;
	make_world(&world);
	(void)make_group(&world, "docker");
	there = make_container(&world, "docker", 1);
	world.index = cgroup_index_new(world.root);
	first = make_container(&world, "docker", 2);
	assert_id(&world, first, 2);
	remove_group(&world,
		     "docker/0000000000000000000000000000000000000000000000000000000000000002");
	cgroup_index_refresh(world.index);
	assert_id(&world, first, 2);
	for (unsigned int i = 3; i < CGROUP_GONE_MAX + 10; i++) {
		(void)snprintf(path, sizeof(path), "docker/" ID_FORMAT, i);
		last = make_group(&world, path);
		cgroup_index_refresh(world.index);
		remove_group(&world, path);
		cgroup_index_refresh(world.index);
	}
	assert_id(&world, last, CGROUP_GONE_MAX + 9);
	assert_id(&world, there, 1);
	remove_world(&world);
}

static void a_missing_root_has_no_group(void **state)
{
	struct cgroup_index *index = cgroup_index_new("/nonexistent");

	(void)state;
	assert_non_null(index);
	assert_null(cgroup_index_find(index, 1));
	cgroup_index_free(&index);
	cgroup_index_free(&index);
	assert_null(index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there_is_known),
		cmocka_unit_test(what_comes_is_reported),
		cmocka_unit_test(none_and_unknown_are_two_things),
		cmocka_unit_test(what_is_gone_stays_known_for_a_while),
		cmocka_unit_test(a_missing_root_has_no_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
