/* SPDX-License-Identifier: MIT */
#include "../conf/folder.h"
#include "cli/dirs.h"

static void path_of(char path[256], const char *name)
{
	snprintf(path, 256, "%s/%s", folder, name);
}

static void missing_directories_are_made_for_the_user(void **state)
{
	char dir[256], socket_path[256];
	struct error error = {0};
	struct stat st;

	(void)state;
	path_of(dir, "state");
	path_of(socket_path, "run/control");
	assert_int_equal(dirs_make(dir, socket_path, "nobody", &error), 0);
	assert_int_equal(stat("state", &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(stat("run", &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(access("run/control", F_OK), -1);
	path_of(dir, "audit/log");
	assert_int_equal(dirs_make_for_file(dir, "nobody", &error), 0);
	assert_int_equal(stat("audit", &st), 0);
	assert_int_equal(st.st_uid, 65534);
}

static void existing_ones_stay_as_they_are(void **state)
{
	char dir[256];
	struct error error = {0};
	struct stat st;

	(void)state;
	assert_int_equal(mkdir("old", 0711), 0);
	path_of(dir, "old");
	assert_int_equal(dirs_make(dir, "", "nobody", &error), 0);
	assert_int_equal(dirs_make(dir, "/control", "nobody", &error), 0);
	assert_int_equal(stat("old", &st), 0);
	assert_int_equal(st.st_uid, getuid());
	assert_int_equal(st.st_mode & 07777, 0711);
}

static void errors_name_the_directory_or_user(void **state)
{
	char dir[256];
	struct error error = {0};

	(void)state;
	path_of(dir, "no/such/parent");
	assert_int_equal(dirs_make(dir, "", "nobody", &error), -ENOENT);
	assert_non_null(strstr(error.text, dir));
	assert_int_equal(dirs_make(dir, "", "no-such-user", &error), -ENOENT);
	assert_non_null(strstr(error.text, "no-such-user"));
	assert_int_equal(dirs_make_for_file(dir, "no-such-user", &error), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing_directories_are_made_for_the_user),
		cmocka_unit_test(existing_ones_stay_as_they_are),
		cmocka_unit_test(errors_name_the_directory_or_user),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
