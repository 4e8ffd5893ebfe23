/* SPDX-License-Identifier: MIT */
/* What discovery finds, and when: files that are there, come, change and go. */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/inotify.h>
#include <sys/wait.h>

#include "discover_scenario.h"

static void test_finds_a_library_once(void **state)
{
	struct scenario *scenario = *state;

	write_storage(scenario, STORAGE ".0.0", "2.4.ABIv1");
	link_to(scenario, STORAGE, "libdovecot-storage.so.0.0.0");
	scan(scenario);
	scan(scenario);
	assert_int_equal(scenario->found, 1);
	assert_string_equal(scenario->path, STORAGE);
	assert_string_equal(scenario->abi, "2.4.ABIv1");
	assert_non_null(scenario->last->probe);
}

static void test_finds_nothing_in_an_empty_root(void **state)
{
	struct scenario *scenario = *state;

	scan(scenario);
	assert_int_equal(scenario->found, 0);
}

static void test_a_missing_root_is_reported(void **state)
{
	const char *roots[] = {"/nonexistent", NULL};
	struct discover_options options = {.roots = roots, .roles = ~0U};
	struct discover *discover;
	struct error error;

	assert_int_equal(discover_new(&options, on_found, *state, &discover, NULL), 0);
	assert_int_equal(discover_scan(discover, &error), -ENOENT);
	assert_string_equal(error.text, "/nonexistent: No such file or directory");
	discover_free(&discover);
}

/* As RestrictSUIDSGID= of systemd does it. In a process of its own: there is no way back. */
static int with_openat2_forbidden(void)
{
	struct discover_options options = {.roles = ~0U};
	struct discover *discover;
	struct error error = {0};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0) < 0 ||
	    seccomp_load(filter) < 0)
		return 1;
	seccomp_release(filter);
	if (discover_new(&options, on_found, NULL, &discover, &error) != -ENOSYS)
		return 2;
	return strstr(error.text, "openat2() is forbidden") ? 0 : 3;
}

static void test_a_forbidden_system_call_is_reported(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(with_openat2_forbidden());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_follows_an_absolute_link_within_the_root(void **state)
{
	struct scenario *scenario = *state;

	write_storage(scenario, "elsewhere/lib.so", "2.4.ABIv1");
	link_to(scenario, STORAGE, "/elsewhere/lib.so");
	scan(scenario);
	assert_int_equal(scenario->found, 1);
}

static void test_looks_where_runpath_points(void **state)
{
	struct scenario *scenario = *state;

	write_elf(scenario, "usr/sbin/dovecot",
		  &(struct made_elf){.runpath = "relative:/nowhere:$ORIGIN/../mail",
				     .needed = {"libdovecot.so.0"}});
	write_storage(scenario, "usr/mail/libdovecot-storage.so.0", "2.4.ABIv1");
	scan(scenario);
	assert_int_equal(scenario->found, 1);
	assert_string_equal(scenario->path, "usr/sbin/../mail/libdovecot-storage.so.0");
}

static void test_an_upgrade_is_a_new_file(void **state)
{
	struct scenario *scenario = *state;

	write_storage(scenario, STORAGE, "2.4.ABIv1");
	scan(scenario);
	write_storage(scenario, LIB "/new", "2.4.ABIv2");
	rename_to(scenario, LIB "/new", STORAGE);
	discover_changed(scenario->discover);
	assert_int_equal(scenario->found, 2);
	assert_string_equal(scenario->abi, "2.4.ABIv2");
	assert_false(scenario->replaced); /* processes still run the old one */
	assert_int_equal(scenario->lost, 0);
}

static void test_an_upgrade_is_seen_before_it_has_its_name(void **state)
{
	struct scenario *scenario = *state;

	write_storage(scenario, STORAGE, "2.4.ABIv1");
	scan(scenario);
	write_storage(scenario, STORAGE ".0.0.dpkg-new", "2.4.ABIv2");
	discover_changed(scenario->discover);
	assert_int_equal(scenario->found, 2);
	assert_string_equal(scenario->abi, "2.4.ABIv2");
	rename_to(scenario, STORAGE ".0.0.dpkg-new", STORAGE);
	discover_changed(scenario->discover);
	assert_int_equal(scenario->found, 2); /* it is the same file */
	write_elf(scenario, LIB "/libdovecot-storage.so-something", &(struct made_elf){0});
	discover_changed(scenario->discover);
	assert_int_equal(scenario->found, 2); /* whose name only begins alike */
}

static void test_a_file_that_is_being_written_waits(void **state)
{
	struct scenario *scenario = *state;
	struct made_file made;
	char path[256];
	int fd;

	make_directories(scenario, STORAGE);
	scan(scenario);
	make_path(scenario, STORAGE, path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	make_elf(&(struct made_elf){.rodata = "2.4.ABIv1", .rodata_len = 10}, &made);
	assert_int_equal(write(fd, made.bytes, 100), 100);
	discover_changed(scenario->discover);
	assert_int_equal(scenario->found, 0);
	assert_int_equal(write(fd, made.bytes + 100, made.len - 100), made.len - 100);
	close(fd);
	discover_changed(scenario->discover);
	assert_int_equal(scenario->found, 1);
	assert_string_equal(scenario->abi, "2.4.ABIv1");
}

static void test_a_link_that_is_switched_leads_to_a_new_file(void **state)
{
	struct scenario *scenario = *state;

	write_storage(scenario, "v1.so", "2.4.ABIv1");
	write_storage(scenario, "v2.so", "2.4.ABIv2");
	link_to(scenario, STORAGE, "/v1.so");
	scan(scenario);
	link_to(scenario, LIB "/new", "/v2.so");
	rename_to(scenario, LIB "/new", STORAGE);
	discover_changed(scenario->discover);
	assert_int_equal(scenario->found, 2);
	assert_string_equal(scenario->abi, "2.4.ABIv2");
}

static void test_chmod_and_hard_links_change_nothing(void **state)
{
	struct scenario *scenario = *state;
	char path[256], other[256];

	write_storage(scenario, STORAGE, "2.4.ABIv1");
	scan(scenario);
	make_path(scenario, STORAGE, path);
	make_path(scenario, LIB "/other", other);
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(link(path, other), 0);
	scan(scenario);
	assert_int_equal(scenario->found, 1);
}

static void test_an_overwritten_file_replaces_its_old_self(void **state)
{
	struct scenario *scenario = *state;

	write_storage(scenario, STORAGE, "2.4.ABIv1");
	scan(scenario);
	write_storage(scenario, STORAGE, "2.4.ABIv2");
	discover_changed(scenario->discover);
	assert_int_equal(scenario->found, 2);
	assert_true(scenario->replaced);
	/* And back again: what it was before is forgotten. */
	write_storage(scenario, STORAGE, "2.4.ABIv1");
	discover_changed(scenario->discover);
	assert_int_equal(scenario->found, 3);
	assert_true(scenario->replaced);
}

static void test_a_removed_file_is_lost_after_two_searches(void **state)
{
	struct scenario *scenario = *state;
	char path[256];

	write_storage(scenario, STORAGE, "2.4.ABIv1");
	scan(scenario);
	make_path(scenario, STORAGE, path);
	assert_int_equal(unlink(path), 0);
	scan(scenario);
	assert_int_equal(scenario->lost, 0);
	scan(scenario);
	assert_int_equal(scenario->lost, 1);
	scan(scenario);
	assert_int_equal(scenario->lost, 1);
	write_storage(scenario, STORAGE, "2.4.ABIv1");
	scan(scenario);
	assert_int_equal(scenario->found, 2);
}

static void test_a_refusal_is_reported_once(void **state)
{
	struct scenario *scenario = *state;

	write_storage(scenario, STORAGE, "2.9.ABIv9");
	scan(scenario);
	scan(scenario);
	assert_int_equal(scenario->found, 1);
	assert_null(scenario->last->probe);
}

static void test_login_processes_keep_a_function_of_their_library_alive(void **state)
{
	static const unsigned char text[] = {0x55, 0xc3};
	struct scenario *scenario = *state;
	struct made_elf library = {
		.text = text,
		.text_len = sizeof(text),
		.rodata = "2.4.ABIv1",
		.rodata_len = 10,
		.symbols = {{"client_proxy_finish_destroy_client", 0, 2, false, false}},
		.build_id = "login",
	};
	struct made_elf process = {
		.symbols = {{"client_proxy_finish_destroy_client", 0, 0, true, true}}};

	write_elf(scenario, LIB "/libdovecot-login.so.0", &library);
	scan(scenario);
	assert_null(scenario->last->probe);
	library.build_id = "other";
	write_elf(scenario, "usr/libexec/dovecot/imap-login", &process);
	write_elf(scenario, LIB "/libdovecot-login.so.0", &library);
	scan(scenario);
	assert_int_equal(scenario->found, 2);
	assert_non_null(scenario->last->probe);
}

/* Whatever it is called: what is put into a directory of Dovecot's is looked at. */
static void test_a_library_under_another_name_is_recognised_by_its_soname(void **state)
{
	static const unsigned char text[] = {0x55, 0xc3};
	struct scenario *scenario = *state;
	struct made_elf elf = {
		.text = text,
		.text_len = sizeof(text),
		.rodata = "2.4.ABIv1",
		.rodata_len = 10,
		.symbols = {{"hook_mail_user_created", 0, 2, false, true}},
		.soname = "libdovecot-storage.so.0",
	};

	make_directories(scenario, STORAGE);
	scan(scenario);
	write_elf(scenario, LIB "/mail-storage.so", &elf);
	discover_changed(scenario->discover);
	assert_int_equal(scenario->found, 1);
	assert_string_equal(scenario->path, LIB "/mail-storage.so");
	elf.soname = "libdovecot-storage.so.1";
	write_elf(scenario, LIB "/libdovecot-storage.so.1.2.3", &elf);
	scan(scenario);
	assert_int_equal(scenario->found, 2);
}

static void test_somebody_elses_auth_is_left_alone(void **state)
{
	const char *roots[] = {((struct scenario *)*state)->root, NULL};
	struct discover_options options = {.roots = roots, .roles = PRIV_ROLES_ALL};
	struct scenario *scenario = *state;

	discover_free(&scenario->discover);
	assert_int_equal(discover_new(&options, on_found, scenario, &scenario->discover, NULL), 0);
	write_elf(scenario, LIB "/auth", &(struct made_elf){.needed = {"libc.so.6"}});
	scan(scenario);
	assert_int_equal(scenario->found, 0);
	write_elf(scenario, LIB "/auth", &(struct made_elf){.needed = {"libdovecot.so.0"}});
	scan(scenario);
	assert_int_equal(scenario->found, 1); /* refused: it has nothing to probe */
	assert_null(scenario->last->probe);
}

/* A probe was left on it by an earlier process. */
static void test_a_restored_file_is_reported_as_found(void **state)
{
	struct scenario *scenario = *state;
	const struct binary *restored;
	struct file_id id;

	write_storage(scenario, STORAGE, "2.4.ABIv1");
	scan(scenario);
	id = scenario->last->id;
	discover_free(&scenario->discover);
	assert_int_equal(open_discover(scenario), 0);
	assert_int_equal(discover_restore(scenario->discover, PRIV_ROLE_MAIL_USER, &id), 0);
	scan(scenario);
	assert_int_equal(scenario->found, 2);
	assert_string_equal(scenario->path, STORAGE);
	assert_false(scenario->replaced);
	restored = scenario->last;
	scan(scenario);
	scan(scenario);
	assert_int_equal(scenario->found, 2);
	assert_int_equal(scenario->lost, 0);
	assert_true(file_id_equal(&restored->id, &id));
}

static void test_a_restored_file_that_is_gone_is_lost(void **state)
{
	struct file_id id = {.ino = 1, .size = 4096};
	struct scenario *scenario = *state;

	assert_int_equal(discover_restore(scenario->discover, PRIV_ROLE_MAIL_USER, &id), 0);
	scan(scenario);
	assert_int_equal(scenario->lost, 0); /* one search may have been disturbed */
	scan(scenario);
	scan(scenario);
	assert_int_equal(scenario->lost, 1);
	assert_int_equal(scenario->found, 0);
}

/* In a user namespace that may have no inotify instance. Returns an exit status. */
static int scan_without_inotify(struct scenario *scenario)
{
	struct error error = {0};
	int fd;

	discover_free(&scenario->discover);
	if (unshare(CLONE_NEWUSER) < 0)
		return 2;
	fd = open("/proc/sys/user/max_inotify_instances", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1 || inotify_init1(IN_CLOEXEC) >= 0)
		return 3;
	close(fd);
	if (open_discover(scenario) < 0)
		return 4;
	if (discover_scan(scenario->discover, &error) != -EMFILE ||
	    !strstr(error.text, "fs.inotify.max_user_instances"))
		return 5;
	return scenario->found == 1 && discover_inotify_fd(scenario->discover) == -1 ? 0 : 6;
}

static void test_without_inotify_a_search_finds_what_is_there(void **state)
{
	struct scenario *scenario = *state;
	int status;
	pid_t pid;

	write_storage(scenario, STORAGE, "2.4.ABIv1");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(scan_without_inotify(scenario));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(test_a_restored_file_is_reported_as_found),
		SCENARIO(test_a_restored_file_that_is_gone_is_lost),
		SCENARIO(test_without_inotify_a_search_finds_what_is_there),
		SCENARIO(test_finds_a_library_once),
		SCENARIO(test_finds_nothing_in_an_empty_root),
		SCENARIO(test_a_missing_root_is_reported),
		cmocka_unit_test(test_a_forbidden_system_call_is_reported),
		SCENARIO(test_follows_an_absolute_link_within_the_root),
		SCENARIO(test_looks_where_runpath_points),
		SCENARIO(test_an_upgrade_is_a_new_file),
		SCENARIO(test_an_upgrade_is_seen_before_it_has_its_name),
		SCENARIO(test_a_file_that_is_being_written_waits),
		SCENARIO(test_a_link_that_is_switched_leads_to_a_new_file),
		SCENARIO(test_chmod_and_hard_links_change_nothing),
		SCENARIO(test_an_overwritten_file_replaces_its_old_self),
		SCENARIO(test_a_removed_file_is_lost_after_two_searches),
		SCENARIO(test_a_refusal_is_reported_once),
		SCENARIO(test_a_library_under_another_name_is_recognised_by_its_soname),
		SCENARIO(test_somebody_elses_auth_is_left_alone),
		SCENARIO(test_login_processes_keep_a_function_of_their_library_alive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
