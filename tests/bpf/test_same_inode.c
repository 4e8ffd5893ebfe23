/* SPDX-License-Identifier: MIT */
/* A probe that the kernel sets by itself, with perf_event_open(2), shows in each mapping of its
 * file. */
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "scenario_root.h"
#include "search/elf.h"
#include "search/same_inode.h"

#define COPY   "usr/lib/copy.so"
#define LINK   "usr/lib/link.so"
#define PROBED "hook_mail_user_created"

struct scenario {
	char root[64];
	int fd, copy_fd, link_fd; /* of the library, of one like it, of another name of it */
	uint64_t offset;
	int probe; /* -1: none */
};

static int open_below(const struct scenario *scenario, const char *name, int flags)
{
	char path[SCENARIO_PATH];
	int fd;

	scenario_path(scenario->root, name, path);
	fd = open(path, flags | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static uint64_t offset_of(int fd)
{
	struct elf_function function;
	struct elf_file *elf = NULL;
	struct error error;

	assert_int_equal(elf_file_read(fd, &elf, &error), 0);
	assert_int_equal(elf_file_function(elf, PROBED, &function, &error), 0);
	elf_file_free(&elf);
	return function.offset;
}

static int set_probe(const struct scenario *scenario)
{
	struct perf_event_attr attr = {.size = sizeof(attr)};
	char path[SCENARIO_PATH];
	FILE *type = fopen("/sys/bus/event_source/devices/uprobe/type", "r");

	assert_non_null(type);
	assert_int_equal(fscanf(type, "%u", &attr.type), 1);
	(void)fclose(type);
	scenario_path(scenario->root, SCENARIO_LIBRARY, path);
	attr.uprobe_path = (uint64_t)(uintptr_t)path;
	attr.probe_offset = scenario->offset;
	return (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

static int set_up(void **state)
{
	struct scenario *scenario = calloc(1, sizeof(*scenario));
	char from[SCENARIO_PATH], to[SCENARIO_PATH];

	scenario_make_root(scenario->root);
	scenario_install(scenario->root, "libtarget.so");
	scenario_path(scenario->root, SCENARIO_LIBRARY, from);
	scenario_path(scenario->root, LINK, to);
	assert_int_equal(link(from, to), 0);
	scenario_path(scenario->root, COPY, to);
	scenario_copy("../target/libtarget.so", to);
	scenario->fd = open_below(scenario, SCENARIO_LIBRARY, O_PATH);
	scenario->link_fd = open_below(scenario, LINK, O_RDONLY);
	scenario->copy_fd = open_below(scenario, COPY, O_RDONLY);
	scenario->offset = offset_of(scenario->copy_fd);
	scenario->probe = -1;
	*state = scenario;
	return 0;
}

static int tear_down(void **state)
{
	struct scenario *scenario = *state;

	if (scenario->probe >= 0)
		close(scenario->probe);
	close(scenario->fd);
	close(scenario->link_fd);
	close(scenario->copy_fd);
	scenario_remove_root(scenario->root);
	free(scenario);
	return 0;
}

static void test_a_probe_shows_in_its_file_alone(void **state)
{
	struct scenario *scenario = *state;

	assert_false(probe_stands(scenario->fd, scenario->offset));
	scenario->probe = set_probe(scenario);
	assert_true(scenario->probe >= 0);
	assert_true(probe_stands(scenario->fd, scenario->offset));
	assert_true(probe_stands(scenario->link_fd, scenario->offset));
	assert_false(probe_stands(scenario->copy_fd, scenario->offset));
	close(scenario->probe);
	scenario->probe = -1;
	assert_false(probe_stands(scenario->fd, scenario->offset));
}

static void test_the_same_inode_is_shown(void **state)
{
	struct scenario *scenario = *state;
	bool unset = true;

	scenario->probe = set_probe(scenario);
	assert_true(
		same_inode_shown(scenario->fd, scenario->link_fd, scenario->offset, true, &unset));
	assert_false(unset);
	assert_false(
		same_inode_shown(scenario->fd, scenario->copy_fd, scenario->offset, true, &unset));
	assert_false(unset);
}

static void test_without_a_probe_nothing_is_shown(void **state)
{
	struct scenario *scenario = *state;
	bool unset = false;

	assert_false(
		same_inode_shown(scenario->fd, scenario->link_fd, scenario->offset, true, &unset));
	assert_true(unset);
	assert_false(
		same_inode_shown(scenario->fd, scenario->link_fd, scenario->offset, false, &unset));
	assert_true(unset);
}

static void test_what_cannot_be_read_has_no_probe(void **state)
{
	struct scenario *scenario = *state;
	char path[SCENARIO_PATH];

	assert_false(probe_stands(-1, scenario->offset));
	assert_false(probe_stands(scenario->copy_fd, 1ULL << 40));
	scenario_path(scenario->root, COPY, path);
	assert_int_equal(truncate(path, 0), 0);
	assert_false(probe_stands(scenario->copy_fd, scenario->offset));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_probe_shows_in_its_file_alone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_the_same_inode_is_shown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_a_probe_nothing_is_shown, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_read_has_no_probe, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
