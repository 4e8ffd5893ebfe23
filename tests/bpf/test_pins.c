/* SPDX-License-Identifier: MIT */
/* Pins in a bpffs of the test's own, and what a kernel can pin. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/utsname.h>

#include "attach/attach.h"
#include "attach/multi.h"
#include "attach/pins.h"
#include "scenario_root.h"
#include "search/discover.h"

static char bpffs[] = "/tmp/test-pins.XXXXXX";
static char dir[64];

static int mount_bpffs(void **state)
{
	(void)state;
	if (!mkdtemp(bpffs) || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("bpf", bpffs, "bpf", 0, NULL) < 0)
		return -1;
	(void)snprintf(dir, sizeof(dir), "%s/dovetap", bpffs);
	return 0;
}

static int unmount_bpffs(void **state)
{
	(void)state;
	(void)umount2(bpffs, MNT_DETACH);
	return rmdir(bpffs);
}

static void fails_to_open(const char *path, int err, const char *text)
{
	struct pins *pins = NULL;
	struct error error;

	assert_int_equal(pins_open(path, &pins, &error), err);
	if (!strstr(error.text, text))
		fail_msg("\"%s\" does not say \"%s\"", error.text, text);
}

static void test_only_a_safe_place_is_taken(void **state)
{
	struct pins *pins;

	(void)state;
	fails_to_open("/tmp", -ENOTSUP, "not in bpffs");
	fails_to_open("/nowhere/at/all", -ENOTSUP, "mount -t bpf");
	fails_to_open(bpffs, -EPERM, "mode 0700"); /* everybody's */
	assert_int_equal(pins_open(dir, &pins, NULL), 0);
	fails_to_open(dir, -EBUSY, "another dovetap");
	pins_close(&pins);
	assert_int_equal(pins_open(dir, &pins, NULL), 0);
	assert_int_equal(pins_remove_dir(pins, NULL), 0);
	pins_close(&pins);
}

struct found {
	unsigned int count;
	int fd;
	char name[FD_STORE_NAME_MAX];
};

static void find(void *ctx, const char *name, int fd)
{
	struct found *found = ctx;

	found->count++;
	found->fd = fd;
	(void)snprintf(found->name, sizeof(found->name), "%s", name);
}

static void test_a_map_outlives_its_descriptor(void **state)
{
	uint32_t key = 0;
	uint64_t value = 42, read = 0;
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "kept", sizeof(key), sizeof(value), 1, NULL);
	struct found found = {0}, again = {0};
	struct fd_store fd_store;
	struct pins *pins;

	(void)state;
	assert_int_equal(bpf_map_update_elem(fd, &key, &value, BPF_ANY), 0);
	assert_int_equal(pins_open(dir, &pins, NULL), 0);
	fd_store = pins_fd_store(pins);
	assert_int_equal(fd_store.put(fd_store.ctx, "a-name", fd, NULL), 0);
	assert_int_equal(fd_store.put(fd_store.ctx, "a-name", fd, NULL), 0);
	close(fd);
	assert_int_equal(fd_store.each(fd_store.ctx, find, &found, NULL), 0);
	assert_int_equal(found.count, 1);
	assert_string_equal(found.name, "a-name");
	assert_int_equal(bpf_map_lookup_elem(found.fd, &key, &read), 0);
	assert_int_equal(read, 42);
	close(found.fd);
	fd_store.drop(fd_store.ctx, "a-name");
	assert_int_equal(pins_list(dir, find, &again, NULL), 0);
	assert_int_equal(again.count, 0);
	assert_int_equal(pins_remove_dir(pins, NULL), 0);
	pins_close(&pins);
}

static bool kernel_pins_links(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%d.%d", &major, &minor), 2);
	return major > 5 || (major == 5 && minor >= 15);
}

struct scenario {
	char root[64];
	struct loader *loader;
	struct link *link;
};

static void on_found(void *ctx, const struct binary *binary, const struct binary *replaced)
{
	struct scenario *scenario = ctx;

	(void)replaced;
	assert_int_equal(loader_attach(scenario->loader, binary, &scenario->link, NULL), 0);
}

static void attach(struct scenario *scenario, enum attach_method method)
{
	const char *roots[] = {scenario->root, NULL};
	const struct discover_options where = {.roots = roots,
					       .roles = PRIV_ROLE_BIT(PRIV_ROLE_MAIL_USER)};
	const struct loader_options options = {.method = method};
	struct discover *discover;

	scenario_make_root(scenario->root);
	scenario_install(scenario->root, "libtarget.so");
	assert_int_equal(loader_new(&options, &scenario->loader, NULL), 0);
	assert_int_equal(discover_new(&where, on_found, scenario, &discover, NULL), 0);
	assert_int_equal(discover_scan(discover, NULL), 0);
	discover_free(&discover);
}

static unsigned long long count_one_call(const struct scenario *scenario)
{
	struct scenario_user user = scenario_user_open(scenario->root);
	unsigned long long before = scenario_count(loader_counters_fd(scenario->loader));

	user.hook_mail_user_created(NULL);
	scenario_user_close(&user);
	return scenario_count(loader_counters_fd(scenario->loader)) - before;
}

/* The probe's own descriptors are closed: whether it goes on is up to the pin. */
static void pin_a_probe(enum attach_method method)
{
	const bool can = kernel_pins_links();
	struct fd_store fd_store;
	struct error error;
	struct scenario scenario;
	struct pins *pins;
	int fd, ret;

	attach(&scenario, method);
	assert_int_equal(pins_open(dir, &pins, NULL), 0);
	fd_store = pins_fd_store(pins);
	ret = fd_store.put(fd_store.ctx, "a-probe", link_fd(scenario.link, 0), &error);
	assert_int_equal(ret, can ? 0 : -EINVAL);
	if (!can)
		assert_non_null(strstr(error.text, "Linux 5.15"));
	fd = link_fd(scenario.link, 0);
	link_leave(&scenario.link);
	if (method == ATTACH_PERF)
		close(fd); /* which it leaves to the end of the process */
	assert_int_equal(count_one_call(&scenario), can);
	fd_store.drop(fd_store.ctx, "a-probe");
	pins_close(&pins);
	loader_free(&scenario.loader);
	scenario_remove_root(scenario.root);
}

static void test_a_uprobe_multi_goes_on_or_says_why_not(void **state)
{
	(void)state;
	if (multi_supported())
		pin_a_probe(ATTACH_MULTI);
}

static void test_a_perf_event_goes_on_or_says_why_not(void **state)
{
	(void)state;
	pin_a_probe(ATTACH_PERF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_a_safe_place_is_taken),
		cmocka_unit_test(test_a_map_outlives_its_descriptor),
		cmocka_unit_test(test_a_uprobe_multi_goes_on_or_says_why_not),
		cmocka_unit_test(test_a_perf_event_goes_on_or_says_why_not),
	};

	return cmocka_run_group_tests(tests, mount_bpffs, unmount_bpffs);
}
