/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "plan_case.h"

static void each_file_is_read_that_a_setting_names(void **state)
{
	struct plan *plan =
		plan_of("dovetap {\n metrics_tls_cert = cert\n metrics_tls_key = key\n"
			" metrics_tls_client_ca = ca\n metrics_token_file = token\n}\n");
	static const char *const want[CONFIG_METRICS_FILES] = {"C\n", "K", "A", "T"};
	const struct slice *files;

	(void)state;
	write_file("cert", "C\n", 0644);
	write_file("key", "K", 0640);
	write_file("ca", "A", 0644);
	write_file("token", "T", 0600);
	assert_int_equal(plan_load_metrics(plan, NULL), 0);
	files = plan_metrics_files(plan);
	for (size_t i = 0; i < CONFIG_METRICS_FILES; i++) {
		assert_true(slice_is(files[i], want[i]));
		assert_int_equal(files[i].ptr[files[i].len], '\0');
	}
	plan_free(&plan);
}

static void without_settings_none_is(void **state)
{
	struct plan *plan = plan_of("");

	(void)state;
	assert_int_equal(plan_load_metrics(plan, NULL), 0);
	for (size_t i = 0; i < CONFIG_METRICS_FILES; i++)
		assert_null(plan_metrics_files(plan)[i].ptr);
	plan_free(&plan);
}

static void fails_with(const char *setting, int ret, const char *text)
{
	char conf[200];
	struct error error = {0};
	struct plan *plan;

	(void)snprintf(conf, sizeof(conf), "dovetap {\n %s\n}\n", setting);
	plan = plan_of(conf);
	assert_int_equal(plan_load_metrics(plan, &error), ret);
	if (!strstr(error.text, text) || !strstr(error.text, ":2: metrics_"))
		fail_msg("'%s' lacks '%s'", error.text, text);
	plan_free(&plan);
}

static void what_cannot_be_read_is_named_with_its_place(void **state)
{
	char *large = calloc(1, 70000);

	(void)state;
	write_file("key", "K", 0644);
	fails_with("metrics_tls_key = key", -EINVAL, "key: everybody may read this secret");
	fails_with("metrics_token_file = key", -EINVAL, "key: everybody may read this secret");
	fails_with("metrics_tls_cert = nowhere", -ENOENT, "nowhere: No such file");
	fails_with("metrics_tls_client_ca = .", -EISDIR, ".: Is a directory");
	memset(large, 'x', 69999);
	write_file("large", large, 0600);
	fails_with("metrics_tls_cert = large", -E2BIG, "large: Argument list too long");
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_is_read_that_a_setting_names),
		cmocka_unit_test(without_settings_none_is),
		cmocka_unit_test(what_cannot_be_read_is_named_with_its_place),
	};

	return cmocka_run_group_tests_name("plan_metrics", tests, enter_folder, leave_folder);
}
