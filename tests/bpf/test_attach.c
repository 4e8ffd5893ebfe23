/* SPDX-License-Identifier: MIT */
/* Probes are set, fire once for each call, and go; on both of the kernel's ways to set them. */
#include <sched.h>
#include <sys/mount.h>

#include "attach/attach.h"
#include "attach/kernel.h"
#include "scenario_root.h"
#include "search/discover.h"

struct scenario {
	char root[64];
	struct loader *loader;
	struct discover *discover;
	struct link *links[8];
	size_t link_count;
	unsigned int found;
	bool may_fail; /* to attach */
	struct error refusal;
};

static void on_found(void *ctx, const struct binary *binary, const struct binary *replaced)
{
	struct scenario *scenario = ctx;
	struct error error;

	(void)replaced;
	scenario->found++;
	scenario->refusal = binary->refusal;
	if (!binary->probe)
		return;
	if (loader_attach(scenario->loader, binary, &scenario->links[scenario->link_count],
			  &error) == 0)
		scenario->link_count++;
	else if (!scenario->may_fail)
		fail_msg("%s", error.text);
}

static void scenario_begin(struct scenario *scenario, enum attach_method method)
{
	struct loader_options options = {.method = method};
	struct error error;

	*scenario = (struct scenario){0};
	scenario_make_root(scenario->root);
	if (loader_new(&options, &scenario->loader, &error) < 0)
		fail_msg("%s", error.text);
}

static void scenario_look(struct scenario *scenario, const char *const *roots)
{
	struct discover_options options = {.roots = roots,
					   .roles = PRIV_ROLE_BIT(PRIV_ROLE_MAIL_USER)};
	struct error error;

	assert_int_equal(discover_new(&options, on_found, scenario, &scenario->discover, &error),
			 0);
	assert_int_equal(discover_scan(scenario->discover, &error), 0);
}

static void scenario_detach(struct scenario *scenario)
{
	while (scenario->link_count > 0)
		link_detach(&scenario->links[--scenario->link_count]);
}

static void scenario_end(struct scenario *scenario)
{
	scenario_detach(scenario);
	discover_free(&scenario->discover);
	loader_free(&scenario->loader);
	scenario_remove_root(scenario->root);
}

static unsigned long long counted(const struct scenario *scenario)
{
	return scenario_count(loader_counters_fd(scenario->loader));
}

static void attach_call_detach(enum attach_method method, const char *library)
{
	struct scenario scenario;
	struct scenario_user user;

	scenario_begin(&scenario, method);
	scenario_install(scenario.root, library);
	user = scenario_user_open(scenario.root);
	user.hook_mail_user_created(NULL);
	scenario_look(&scenario, (const char *const[]){scenario.root, NULL});
	assert_int_equal(counted(&scenario), 0); /* not before */
	for (int i = 0; i < 3; i++)
		user.hook_mail_user_created(NULL);
	assert_int_equal(counted(&scenario), 3);
	scenario_detach(&scenario);
	user.hook_mail_user_created(NULL);
	assert_int_equal(counted(&scenario), 3); /* nor after */
	scenario_user_close(&user);
	scenario_end(&scenario);
}

/* What the kernel has not got is refused, and not taken for the best. */
static void expect_refusal(enum attach_method method)
{
	struct scenario scenario;

	scenario_begin(&scenario, ATTACH_AUTO);
	assert_int_not_equal(loader_method(scenario.loader), method);
	scenario_end(&scenario);
	scenario_begin(&scenario, method);
	scenario_install(scenario.root, "libtarget.so");
	scenario.may_fail = true;
	scenario_look(&scenario, (const char *const[]){scenario.root, NULL});
	assert_int_equal(scenario.found, 1);
	assert_int_equal(scenario.link_count, 0);
	scenario_end(&scenario);
}

static void test_uprobe_multi(void **state)
{
	(void)state;
	if (kernel_has_uprobe_multi())
		attach_call_detach(ATTACH_MULTI, "libtarget.so");
	else
		expect_refusal(ATTACH_MULTI);
}

static void test_perf_event(void **state)
{
	(void)state;
	attach_call_detach(ATTACH_PERF, "libtarget.so");
}

static void test_behind_a_landing(void **state)
{
	(void)state;
	attach_call_detach(ATTACH_AUTO, "libtarget-cet.so");
	attach_call_detach(ATTACH_PERF, "libtarget-cet.so");
}

static void test_an_unknown_abi_is_not_touched(void **state)
{
	struct scenario scenario;
	struct scenario_user user;

	(void)state;
	scenario_begin(&scenario, ATTACH_AUTO);
	scenario_install(scenario.root, "libtarget-unknown.so");
	scenario_look(&scenario, (const char *const[]){scenario.root, NULL});
	assert_int_equal(scenario.found, 1);
	assert_int_equal(scenario.link_count, 0);
	assert_non_null(strstr(scenario.refusal.text, "2.9.ABIv0"));
	user = scenario_user_open(scenario.root);
	user.hook_mail_user_created(NULL);
	assert_int_equal(counted(&scenario), 0);
	scenario_user_close(&user);
	scenario_end(&scenario);
}

/* Old processes keep the old file, new ones map the new: both are seen, each call once. */
static void test_an_upgrade_is_attached_while_the_old_lives(void **state)
{
	struct scenario_user old, new;
	struct scenario scenario;

	(void)state;
	scenario_begin(&scenario, ATTACH_AUTO);
	scenario_install(scenario.root, "libtarget.so");
	scenario_look(&scenario, (const char *const[]){scenario.root, NULL});
	old = scenario_user_open(scenario.root);
	scenario_install(scenario.root, "libtarget-cet.so");
	discover_changed(scenario.discover);
	assert_int_equal(scenario.link_count, 2);
	new = scenario_user_open(scenario.root);
	old.hook_mail_user_created(NULL);
	assert_int_equal(counted(&scenario), 1);
	new.hook_mail_user_created(NULL);
	assert_int_equal(counted(&scenario), 2);
	scenario_user_close(&old);
	scenario_user_close(&new);
	scenario_end(&scenario);
}

static void mount_overlay(const char *root, const char *name, char path_r[SCENARIO_PATH])
{
	char options[1024], upper[SCENARIO_PATH], work[SCENARIO_PATH];

	scenario_path(root, name, path_r);
	assert_int_equal(mkdir(path_r, 0755), 0);
	assert_int_equal(mount("layers", path_r, "tmpfs", 0, NULL), 0);
	scenario_path(path_r, "upper", upper);
	scenario_path(path_r, "work", work);
	assert_true(mkdir(upper, 0755) == 0 && mkdir(work, 0755) == 0);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", root, upper, work);
	scenario_path(path_r, "merged", work);
	assert_int_equal(mkdir(work, 0755), 0);
	assert_int_equal(mount("scenario", work, "overlay", 0, options), 0);
	snprintf(path_r, SCENARIO_PATH, "%s", work);
}

/* As two containers of one image do. */
static void test_two_overlays_of_one_file_are_attached_once(void **state)
{
	char mounts[64], one[SCENARIO_PATH], two[SCENARIO_PATH], library[SCENARIO_PATH];
	struct scenario_user first, second;
	struct scenario scenario;

	(void)state;
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	scenario_begin(&scenario, ATTACH_AUTO);
	scenario_install(scenario.root, "libtarget.so");
	snprintf(mounts, sizeof(mounts), "%s", scenario.root);
	mount_overlay(mounts, "one", one);
	mount_overlay(mounts, "two", two);
	scenario_look(&scenario, (const char *const[]){one, two, scenario.root, NULL});
	assert_int_equal(scenario.link_count, 1);
	first = scenario_user_open(one);
	second = scenario_user_open(two);
	first.hook_mail_user_created(NULL);
	assert_int_equal(counted(&scenario), 1);
	second.hook_mail_user_created(NULL);
	assert_int_equal(counted(&scenario), 2);

	/* A copy of its own in the upper layer of one of them is another file. */
	scenario_path(two, SCENARIO_LIBRARY, library);
	assert_int_equal(chmod(library, 0700), 0);
	assert_int_equal(discover_scan(scenario.discover, NULL), 0);
	assert_int_equal(scenario.link_count, 2);
	first.hook_mail_user_created(NULL);
	assert_int_equal(counted(&scenario), 3);
	scenario_user_close(&first);
	scenario_user_close(&second);

	scenario_detach(&scenario);
	discover_free(&scenario.discover);
	for (const char *const *name = (const char *const[]){"one", "two", NULL}; *name; name++) {
		char path[SCENARIO_PATH];

		scenario_path(mounts, *name, path);
		(void)umount2(path, MNT_DETACH);
	}
	scenario_end(&scenario);
}

static void test_a_chmod_does_not_attach_twice(void **state)
{
	char library[SCENARIO_PATH];
	struct scenario_user user;
	struct scenario scenario;

	(void)state;
	scenario_begin(&scenario, ATTACH_AUTO);
	scenario_install(scenario.root, "libtarget.so");
	scenario_look(&scenario, (const char *const[]){scenario.root, NULL});
	scenario_path(scenario.root, SCENARIO_LIBRARY, library);
	assert_int_equal(chmod(library, 0700), 0);
	assert_int_equal(discover_scan(scenario.discover, NULL), 0);
	user = scenario_user_open(scenario.root);
	user.hook_mail_user_created(NULL);
	assert_int_equal(counted(&scenario), 1);
	scenario_user_close(&user);
	scenario_end(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uprobe_multi),
		cmocka_unit_test(test_perf_event),
		cmocka_unit_test(test_behind_a_landing),
		cmocka_unit_test(test_an_unknown_abi_is_not_touched),
		cmocka_unit_test(test_an_upgrade_is_attached_while_the_old_lives),
		cmocka_unit_test(test_two_overlays_of_one_file_are_attached_once),
		cmocka_unit_test(test_a_chmod_does_not_attach_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
