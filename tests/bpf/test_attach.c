/* SPDX-License-Identifier: MIT */
/* Probes are set, fire once for each call, and go; on both of the kernel's ways to set them. */
#include <sched.h>
#include <sys/mount.h>

#include "attach/attach.h"
#include "attach/kernel.h"
#include "search/discover.h"
#include "story_root.h"

struct story {
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
	struct story *story = ctx;
	struct error error;

	(void)replaced;
	story->found++;
	story->refusal = binary->refusal;
	if (!binary->probe)
		return;
	if (loader_attach(story->loader, binary, &story->links[story->link_count], &error) == 0)
		story->link_count++;
	else if (!story->may_fail)
		fail_msg("%s", error.text);
}

static void story_begin(struct story *story, enum attach_method method)
{
	struct loader_options options = {.method = method,
					 .roles = PRIV_ROLE_BIT(PRIV_ROLE_MAIL_USER)};
	struct error error;

	*story = (struct story){0};
	story_make_root(story->root);
	if (loader_new(&options, &story->loader, &error) < 0)
		fail_msg("%s", error.text);
}

static void story_look(struct story *story, const char *const *roots)
{
	struct discover_options options = {.roots = roots,
					   .roles = PRIV_ROLE_BIT(PRIV_ROLE_MAIL_USER)};
	struct error error;

	assert_int_equal(discover_new(&options, on_found, story, &story->discover, &error), 0);
	assert_int_equal(discover_scan(story->discover, &error), 0);
}

static void story_detach(struct story *story)
{
	while (story->link_count > 0)
		link_detach(&story->links[--story->link_count]);
}

static void story_end(struct story *story)
{
	story_detach(story);
	discover_free(&story->discover);
	loader_free(&story->loader);
	story_remove_root(story->root);
}

static unsigned long long counted(const struct story *story)
{
	return story_count(loader_counters_fd(story->loader));
}

static void attach_call_detach(enum attach_method method, const char *library)
{
	struct story story;
	struct story_user user;

	story_begin(&story, method);
	story_install(story.root, library);
	user = story_user_open(story.root);
	user.hook_mail_user_created(NULL);
	story_look(&story, (const char *const[]){story.root, NULL});
	assert_int_equal(counted(&story), 0); /* not before */
	for (int i = 0; i < 3; i++)
		user.hook_mail_user_created(NULL);
	assert_int_equal(counted(&story), 3);
	story_detach(&story);
	user.hook_mail_user_created(NULL);
	assert_int_equal(counted(&story), 3); /* nor after */
	story_user_close(&user);
	story_end(&story);
}

/* What the kernel has not got is refused, and not taken for the best. */
static void expect_refusal(enum attach_method method)
{
	struct story story;

	story_begin(&story, ATTACH_AUTO);
	assert_int_not_equal(loader_method(story.loader), method);
	story_end(&story);
	story_begin(&story, method);
	story_install(story.root, "libtarget.so");
	story.may_fail = true;
	story_look(&story, (const char *const[]){story.root, NULL});
	assert_int_equal(story.found, 1);
	assert_int_equal(story.link_count, 0);
	story_end(&story);
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
	struct story story;
	struct story_user user;

	(void)state;
	story_begin(&story, ATTACH_AUTO);
	story_install(story.root, "libtarget-unknown.so");
	story_look(&story, (const char *const[]){story.root, NULL});
	assert_int_equal(story.found, 1);
	assert_int_equal(story.link_count, 0);
	assert_non_null(strstr(story.refusal.text, "2.9.ABIv0"));
	user = story_user_open(story.root);
	user.hook_mail_user_created(NULL);
	assert_int_equal(counted(&story), 0);
	story_user_close(&user);
	story_end(&story);
}

/* Old processes keep the old file, new ones map the new: both are seen, each call once. */
static void test_an_upgrade_is_attached_beside_the_old(void **state)
{
	struct story_user old, new;
	struct story story;

	(void)state;
	story_begin(&story, ATTACH_AUTO);
	story_install(story.root, "libtarget.so");
	story_look(&story, (const char *const[]){story.root, NULL});
	old = story_user_open(story.root);
	story_install(story.root, "libtarget-cet.so");
	discover_changed(story.discover);
	assert_int_equal(story.link_count, 2);
	new = story_user_open(story.root);
	old.hook_mail_user_created(NULL);
	assert_int_equal(counted(&story), 1);
	new.hook_mail_user_created(NULL);
	assert_int_equal(counted(&story), 2);
	story_user_close(&old);
	story_user_close(&new);
	story_end(&story);
}

static void mount_overlay(const char *root, const char *name, char path_r[STORY_PATH])
{
	char options[1024], upper[STORY_PATH], work[STORY_PATH];

	story_path(root, name, path_r);
	assert_int_equal(mkdir(path_r, 0755), 0);
	assert_int_equal(mount("layers", path_r, "tmpfs", 0, NULL), 0);
	story_path(path_r, "upper", upper);
	story_path(path_r, "work", work);
	assert_true(mkdir(upper, 0755) == 0 && mkdir(work, 0755) == 0);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", root, upper, work);
	story_path(path_r, "merged", work);
	assert_int_equal(mkdir(work, 0755), 0);
	assert_int_equal(mount("story", work, "overlay", 0, options), 0);
	snprintf(path_r, STORY_PATH, "%s", work);
}

/* As two containers of one image do. */
static void test_two_overlays_of_one_file_are_attached_once(void **state)
{
	char mounts[64], one[STORY_PATH], two[STORY_PATH], library[STORY_PATH];
	struct story_user first, second;
	struct story story;

	(void)state;
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	story_begin(&story, ATTACH_AUTO);
	story_install(story.root, "libtarget.so");
	snprintf(mounts, sizeof(mounts), "%s", story.root);
	mount_overlay(mounts, "one", one);
	mount_overlay(mounts, "two", two);
	story_look(&story, (const char *const[]){one, two, story.root, NULL});
	assert_int_equal(story.link_count, 1);
	first = story_user_open(one);
	second = story_user_open(two);
	first.hook_mail_user_created(NULL);
	assert_int_equal(counted(&story), 1);
	second.hook_mail_user_created(NULL);
	assert_int_equal(counted(&story), 2);

	/* A copy of its own in the upper layer of one of them is another file. */
	story_path(two, STORY_LIBRARY, library);
	assert_int_equal(chmod(library, 0700), 0);
	assert_int_equal(discover_scan(story.discover, NULL), 0);
	assert_int_equal(story.link_count, 2);
	first.hook_mail_user_created(NULL);
	assert_int_equal(counted(&story), 3);
	story_user_close(&first);
	story_user_close(&second);

	story_detach(&story);
	discover_free(&story.discover);
	for (const char *const *name = (const char *const[]){"one", "two", NULL}; *name; name++) {
		char path[STORY_PATH];

		story_path(mounts, *name, path);
		(void)umount2(path, MNT_DETACH);
	}
	story_end(&story);
}

static void test_a_chmod_does_not_attach_twice(void **state)
{
	char library[STORY_PATH];
	struct story_user user;
	struct story story;

	(void)state;
	story_begin(&story, ATTACH_AUTO);
	story_install(story.root, "libtarget.so");
	story_look(&story, (const char *const[]){story.root, NULL});
	story_path(story.root, STORY_LIBRARY, library);
	assert_int_equal(chmod(library, 0700), 0);
	assert_int_equal(discover_scan(story.discover, NULL), 0);
	user = story_user_open(story.root);
	user.hook_mail_user_created(NULL);
	assert_int_equal(counted(&story), 1);
	story_user_close(&user);
	story_end(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uprobe_multi),
		cmocka_unit_test(test_perf_event),
		cmocka_unit_test(test_behind_a_landing),
		cmocka_unit_test(test_an_unknown_abi_is_not_touched),
		cmocka_unit_test(test_an_upgrade_is_attached_beside_the_old),
		cmocka_unit_test(test_two_overlays_of_one_file_are_attached_once),
		cmocka_unit_test(test_a_chmod_does_not_attach_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
