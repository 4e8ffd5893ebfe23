/* SPDX-License-Identifier: MIT */
/* In a bpffs of the test's own (as root). */
#include <bpf/bpf.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "attach/link_name.h"
#include "attach/pins.h"
#include "base/fd_store.h"
#include "cli/check_pins.h"

static char bpffs[] = "/tmp/dovetap-test-XXXXXX";
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

/* Any descriptor of BPF does for a pin. */
static void pin(struct pins *pins, const char *name)
{
	struct fd_store store = pins_fd_store(pins);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "x", 4, 8, 1, NULL);

	assert_true(fd >= 0);
	assert_int_equal(store.put(store.ctx, name, fd, NULL), 0);
	close(fd);
}

static struct pins *begin(void)
{
	const struct link_name link = {.role = PRIV_ROLE_AUTH, .generation = 1, .id = {.ino = 5}};
	char name[FD_STORE_NAME_MAX];
	struct pins *pins;

	assert_int_equal(pins_open(dir, &pins, NULL), 0);
	link_name_format(&link, name);
	pin(pins, name);
	pin(pins, "ring");
	pin(pins, "counters");
	return pins;
}

static void check(const char *wanted, struct finding *finding_r)
{
	struct findings findings = {0};

	check_pins(wanted, &findings);
	assert_int_equal(findings.count, 1);
	*finding_r = findings.items[0];
	findings_release(&findings);
}

static void pins_of_the_setting_are_counted(void **state)
{
	struct pins *pins = begin();
	struct finding finding;

	(void)state;
	check(dir, &finding);
	assert_int_equal(finding.state, FINDING_OK);
	assert_string_equal(finding.text, "1 probe, 2 maps; a dovetap works with them");
	assert_non_null(strstr(finding.subject, dir));
	pins_close(&pins);
	check(dir, &finding);
	assert_string_equal(
		finding.text,
		"1 probe, 2 maps; the next dovetap with this pin setting goes on there");
	assert_string_equal(finding.advice, "");
}

static void a_place_that_is_none_for_pins_is_bad(void **state)
{
	struct finding finding;

	(void)state;
	check("/tmp/no-bpffs", &finding);
	assert_int_equal(finding.state, FINDING_BAD);
	assert_string_equal(finding.subject, "pin /tmp/no-bpffs");
	assert_non_null(strstr(finding.text, "not in bpffs"));
	assert_non_null(strstr(finding.advice, "runs without pins there"));
}

static void a_place_that_can_be_made_is_no_finding(void **state)
{
	struct findings findings = {0};
	char place[100];

	(void)state;
	(void)snprintf(place, sizeof(place), "%s/later", bpffs);
	check_pins(place, &findings);
	assert_int_equal(findings.count, 0);
}

/* What is pinned though nobody asks for it stays there until somebody removes it. */
static void forgotten_pins_are_a_warning(void **state)
{
	struct finding finding;
	struct findings none = {0};

	(void)state;
	assert_int_equal(mount("tmpfs", "/sys", "tmpfs", 0, NULL), 0);
	check_pins("", &none);
	assert_int_equal(none.count, 0);
	assert_int_equal(mkdir("/sys/fs", 0755), 0);
	assert_int_equal(mkdir("/sys/fs/bpf", 0755), 0);
	assert_int_equal(mount(bpffs, "/sys/fs/bpf", NULL, MS_BIND, NULL), 0);
	check("", &finding);
	assert_int_equal(finding.state, FINDING_WARNING);
	assert_string_equal(finding.subject, "pins in " PINS_DIR_DEFAULT);
	assert_non_null(strstr(finding.advice, "dovetap detach"));
	assert_int_equal(umount("/sys/fs/bpf"), 0);
	assert_int_equal(umount("/sys"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pins_of_the_setting_are_counted),
		cmocka_unit_test(a_place_that_is_none_for_pins_is_bad),
		cmocka_unit_test(a_place_that_can_be_made_is_no_finding),
		cmocka_unit_test(forgotten_pins_are_a_warning),
	};

	return cmocka_run_group_tests(tests, mount_bpffs, unmount_bpffs);
}
