/* SPDX-License-Identifier: MIT */
/* Which records show that a person was there. */
#include <stdlib.h>
#include <string.h>

#include "../cmocka_all.h"
#include "cli/service_class.h"

static enum service_class class_of(const char *service)
{
	return service_class_of(slice_str(service), NULL);
}

static void mail_that_arrives_is_no_login(void **state)
{
	static const char *const logins[] = {"imap",	    "pop3", "submission",
					     "managesieve", "smtp", ""};
	static const char *const deliveries[] = {"lmtp", "lda", "quota-status", "indexer-worker"};

	(void)state;
	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++)
		assert_int_equal(class_of(logins[i]), SERVICE_LOGIN);
	for (size_t i = 0; i < sizeof(deliveries) / sizeof(deliveries[0]); i++)
		assert_int_equal(class_of(deliveries[i]), SERVICE_DELIVERY);
	assert_int_equal(class_of("doveadm"), SERVICE_OTHER);
}

static void what_is_named_counts(void **state)
{
	static const char *const judged[] = {"lmtp", NULL};
	const char *others[SERVICE_OTHERS_MAX + 1];

	(void)state;
	assert_int_equal(service_class_of(slice_str("lmtp"), judged), SERVICE_LOGIN);
	assert_int_equal(service_class_of(slice_str("lda"), judged), SERVICE_DELIVERY);
	service_class_others(judged, others);
	for (size_t i = 0; others[i]; i++)
		assert_string_not_equal(others[i], "lmtp");
}

static void a_list_is_a_login_when_one_of_it_is(void **state)
{
	bool mixed;

	(void)state;
	assert_int_equal(service_class_of_list("imap, pop3", NULL, &mixed), SERVICE_LOGIN);
	assert_false(mixed);
	assert_int_equal(service_class_of_list("imap, lmtp, *", NULL, &mixed), SERVICE_LOGIN);
	assert_true(mixed);
	assert_int_equal(service_class_of_list("lmtp, lda", NULL, &mixed), SERVICE_DELIVERY);
	assert_false(mixed);
	assert_int_equal(service_class_of_list("*", NULL, &mixed), SERVICE_LOGIN);
}

static void words_are_split(void **state)
{
	char text[] = " a, b  c,";
	const char **words = service_words(text);

	(void)state;
	assert_string_equal(words[0], "a");
	assert_string_equal(words[1], "b");
	assert_string_equal(words[2], "c");
	assert_null(words[3]);
	free(words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_that_arrives_is_no_login),
		cmocka_unit_test(what_is_named_counts),
		cmocka_unit_test(a_list_is_a_login_when_one_of_it_is),
		cmocka_unit_test(words_are_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
