/* SPDX-License-Identifier: MIT */
/* What the resolver leaves comes back as it was; anything else is refused, and said to be what it
 * is. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/log.h"
#include "base/memfile.h"
#include "priv/resolution.h"

static struct resolution example(void)
{
	struct resolution resolution = {
		.settings =
			{
				.ring_bytes = 8U << 20,
				.watchdog_ns = 5,
				.uid = 99,
				.gid = 98,
				.search_uid = 97,
				.search_gid = 96,
				.method = 2,
				.wanted_texts = 3,
				.roles = 14,
				.log_sink = LOG_SINK_JOURNAL,
				.log_level = LOG_LEVEL_DEBUG,
				.processes = 1,
				.user = "somebody",
			},
		.pin = "/sys/fs/bpf/x",
		.roots = {"/one", "/two"},
		.layouts = {{"2.9.ABIv1", "/etc/a.layouts", {"btf", 3}}},
		.layout_count = 1,
		.configuration = {"secret", 6},
	};

	return resolution;
}

static void pack(const struct resolution *resolution, struct buf *out)
{
	buf_init(out, RESOLUTION_MAX);
	resolution_pack(resolution, out);
	assert_int_equal(out->failed, 0);
}

static void check(const struct resolution *got)
{
	assert_int_equal(got->settings.ring_bytes, 8U << 20);
	assert_int_equal(got->settings.watchdog_ns, 5);
	assert_int_equal(got->settings.uid, 99);
	assert_int_equal(got->settings.gid, 98);
	assert_int_equal(got->settings.search_uid, 97);
	assert_int_equal(got->settings.search_gid, 96);
	assert_int_equal(got->settings.wanted_texts, 3);
	assert_string_equal(got->settings.user, "somebody");
	assert_string_equal(got->pin, "/sys/fs/bpf/x");
	assert_string_equal(got->roots[0], "/one");
	assert_string_equal(got->roots[1], "/two");
	assert_null(got->roots[2]);
	assert_int_equal(got->layout_count, 1);
	assert_string_equal(got->layouts[0].abi, "2.9.ABIv1");
	assert_string_equal(got->layouts[0].file, "/etc/a.layouts");
	assert_true(slice_is(got->layouts[0].btf, "btf"));
}

static void all_of_it_comes_back(void **state)
{
	const struct resolution resolution = example();
	struct resolution got;
	struct buf bytes;

	(void)state;
	pack(&resolution, &bytes);
	assert_int_equal(resolution_unpack(buf_slice(&bytes), &got, NULL), 0);
	check(&got);
	assert_true(slice_is(got.configuration, "secret"));
	buf_release(&bytes);
}

static void the_attacher_keeps_the_lists_without_the_configuration(void **state)
{
	const struct resolution resolution = example();
	struct resolution got;
	struct buf bytes;
	int fd;

	(void)state;
	pack(&resolution, &bytes);
	fd = memfile_make("test", buf_slice(&bytes), NULL);
	buf_release(&bytes);
	assert_int_equal(resolution_open_lists(fd, &got, NULL), 0);
	close(fd);
	check(&got);
	assert_null(got.configuration.ptr);
	assert_null(got.whole.ptr);
	resolution_close(&got);
	resolution_close(&got);
}

static void refuses(struct slice bytes, const char *text)
{
	struct resolution got;
	struct error error = {0};

	assert_int_equal(resolution_unpack(bytes, &got, &error), -EINVAL);
	if (text)
		assert_string_equal(error.text, text);
	else
		assert_non_null(strstr(error.text, "broken"));
}

static void each_cut_is_refused(void **state)
{
	const struct resolution resolution = example();
	struct buf bytes;

	(void)state;
	pack(&resolution, &bytes);
	refuses((struct slice){bytes.data, 10},
		"the resolved configuration is broken: it is too short");
	refuses((struct slice){bytes.data, bytes.len - 1},
		"the resolved configuration is broken: it is cut");
	for (size_t len = 0; len < bytes.len; len++) {
		/* In memory of its own, so that a sanitizer sees who reads behind it. */
		char *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut, bytes.data, len);
		refuses((struct slice){cut, len}, NULL);
		free(cut);
	}
	buf_release(&bytes);
}

/* One wrong value each: where it stands, what it is, and what is said of it. */
static void refuses_with(void (*spoil)(struct resolution_settings *), const char *text)
{
	const struct resolution resolution = example();
	struct resolution_settings settings;
	struct buf bytes;

	pack(&resolution, &bytes);
	memcpy(&settings, bytes.data, sizeof(settings));
	spoil(&settings);
	memcpy(bytes.data, &settings, sizeof(settings));
	refuses(buf_slice(&bytes), text);
	buf_release(&bytes);
}

#define SPOIL(name, statement)                                                                     \
	static void name(struct resolution_settings *settings)                                     \
	{                                                                                          \
		statement;                                                                         \
	}
SPOIL(spoil_magic, settings->magic[0] = 'x')
SPOIL(spoil_version, settings->version = 77)
SPOIL(spoil_size, settings->size++)
SPOIL(spoil_release_end, memset(settings->release, 'x', sizeof(settings->release)))
SPOIL(spoil_uid, settings->uid = 0)
SPOIL(spoil_gid, settings->gid = 0)
SPOIL(spoil_no_uid, settings->uid = UINT32_MAX)
SPOIL(spoil_search_uid, settings->search_uid = 0)
SPOIL(spoil_search_gid, settings->search_gid = 0)
SPOIL(spoil_user, memset(settings->user, 'x', sizeof(settings->user)))
SPOIL(spoil_ring, settings->ring_bytes = 12345)
SPOIL(spoil_sink, settings->log_sink = 9)
SPOIL(spoil_level, settings->log_level = 9)
SPOIL(spoil_processes, settings->processes = 2)
SPOIL(spoil_watchdog, settings->watchdog_ns = -1)
SPOIL(spoil_lists, settings->lists_size = UINT64_MAX)
SPOIL(spoil_sizes, settings->configuration_size--)
SPOIL(spoil_both_sizes, (settings->lists_size--, settings->configuration_size++))

static void each_wrong_value_is_refused(void **state)
{
#define BROKEN "the resolved configuration is broken: "
	(void)state;
	refuses_with(spoil_magic, BROKEN "it does not begin as one");
	refuses_with(spoil_version,
		     "the resolved configuration has version 77, not 2: are dovetap and "
		     "dovetap-attacher of one release?");
	refuses_with(spoil_size, "the resolved configuration has version 2, not 2: are dovetap and "
				 "dovetap-attacher of one release?");
	refuses_with(spoil_release_end, BROKEN "its release has no end");
	refuses_with(spoil_uid, BROKEN "its user is root or none");
	refuses_with(spoil_gid, BROKEN "its user is root or none");
	refuses_with(spoil_no_uid, BROKEN "its user is root or none");
	refuses_with(spoil_search_uid, BROKEN "its user is root or none");
	refuses_with(spoil_search_gid, BROKEN "its user is root or none");
	refuses_with(spoil_user, BROKEN "its user has no end");
	refuses_with(spoil_ring, BROKEN "its ring size is no power of two");
	refuses_with(spoil_sink, BROKEN "its log is none that there is");
	refuses_with(spoil_level, BROKEN "its log is none that there is");
	refuses_with(spoil_processes, BROKEN "a flag is neither yes nor no");
	refuses_with(spoil_watchdog, BROKEN "its watchdog time is negative");
	refuses_with(spoil_lists, BROKEN "it is cut");
	refuses_with(spoil_sizes, BROKEN "it is cut");
	refuses_with(spoil_both_sizes, NULL);
}

static void another_release_is_named(void **state)
{
	const struct resolution resolution = example();
	struct resolution got;
	struct error error = {0};
	struct buf bytes;

	(void)state;
	pack(&resolution, &bytes);
	bytes.data[16] = '9'; /* of the release */
	assert_int_equal(resolution_unpack(buf_slice(&bytes), &got, &error), -EINVAL);
	assert_non_null(strstr(error.text, "is of dovetap 9"));
	buf_release(&bytes);
}

static void one_that_is_not_sealed_is_refused(void **state)
{
	const struct resolution resolution = example();
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct resolution got;
	struct error error = {0};
	struct buf bytes;

	(void)state;
	pack(&resolution, &bytes);
	assert_int_equal(write(fd, bytes.data, bytes.len), bytes.len);
	buf_release(&bytes);
	assert_int_equal(resolution_open(fd, &got, &error), -EPERM);
	assert_string_equal(error.text,
			    "the resolved configuration: the memory file is not sealed");
	assert_int_equal(
		fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
		0);
	assert_int_equal(resolution_open(fd, &got, &error), 0);
	resolution_close(&got);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_comes_back),
		cmocka_unit_test(the_attacher_keeps_the_lists_without_the_configuration),
		cmocka_unit_test(each_cut_is_refused),
		cmocka_unit_test(each_wrong_value_is_refused),
		cmocka_unit_test(another_release_is_named),
		cmocka_unit_test(one_that_is_not_sealed_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
