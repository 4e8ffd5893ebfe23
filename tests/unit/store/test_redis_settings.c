/* SPDX-License-Identifier: MIT */
/* The settings of Redis Clusters and sentinels. */
#include <errno.h>

#include "fake_cluster.h"

static void expect_refusal(const char *uri, bool strict, const char *text)
{
	const struct dict_config config = {.uri = uri, .strict = strict};
	struct dict *dict = NULL;
	struct error error = {0};

	assert_int_equal(dict_open(&config, &dict, &error), -EINVAL);
	if (!strstr(error.text, text))
		fail_msg("%s: %s", uri, error.text);
}

static void settings_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	expect_refusal("redis:cluster:sentinel=x", false, "exclude each other");
	expect_refusal("redis:cluster:db=1", false, "db must be 0");
	expect_refusal("redis:cluster:path=/x", false, "path cannot be used");
	expect_refusal("redis:host=a,b", false, "several only with cluster or sentinel");
	expect_refusal("redis:cluster:host=a,", false, "Invalid host: (empty)");
	expect_refusal("redis:cluster:host=a:70000", false, "Invalid host: a:70000");
	expect_refusal("redis:cluster:host=[::1", false, "Invalid host: [::1");
	expect_refusal("redis:cluster:host=[::1]x", false, "Invalid host: [::1]x");
	expect_refusal("redis:cluster:replicas=x", false, "Invalid replicas: x");
	expect_refusal("redis:cluster", true, "Unknown parameter: cluster");
	expect_refusal("redis:host=a:7000", true, "Unknown parameter: 7000");
}

static void hosts_may_have_ports_and_brackets(void **state)
{
	static const char *const uris[] = {
		"redis:cluster:host=a:7000,[::1]:7001,b,[::2]:port=5:tls_insecure",
		"redis:host=[::1]:7000:cluster",
		"redis:sentinel=mails:host=a, b:26380 ,c:password=x",
		"redis:host=a:7000",
	};
	struct dict *dict;

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		dict = open_dict(uris[i]);
		dict_close(&dict);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_that_do_not_fit_are_refused),
		cmocka_unit_test(hosts_may_have_ports_and_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
