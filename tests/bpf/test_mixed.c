/* SPDX-License-Identifier: MIT */
/*
 * An object that is not the same when it is read again gives no record, and is counted. Here
 * another thread changes it all the time; the probed one hits until that has happened between two
 * reads.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "login_object.h"
#include "target/functions.h"
#include "target/login_image.h"
#include "unit/cmocka_all.h"

#define ABI	 "2.4.ABIv5"
#define HITS_MAX 2000000UL /* a few thousand do where there are two CPUs */

static struct layout_table table;
static struct login_object object;
static atomic_bool stop;

static void *flip_service(void *context)
{
	while (!atomic_load(&stop)) {
		image_set_pointer(context, "service", "imap");
		image_set_pointer(context, "service", "pop3");
	}
	return NULL;
}

static void *flip_port(void *context)
{
	while (!atomic_load(&stop)) {
		image_set_number(context, "fields.remote_port", 1);
		image_set_number(context, "fields.remote_port", 2);
	}
	return NULL;
}

static unsigned long long counted(unsigned int counter)
{
	return login_object_count(&object, counter);
}

static void hit_until_mixed(struct image *image, void (*function)(void *), void *(*flip)(void *))
{
	unsigned long hits = 0, records = 0;
	pthread_t thread;

	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&thread, NULL, flip, image), 0);
	while (counted(DOVETAP_COUNT_MIXED) == 0 && hits < HITS_MAX) {
		function(image->bytes);
		hits++;
		records += login_object_try(&object);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(counted(DOVETAP_COUNT_MIXED), 1);
	assert_int_equal(records, hits - 1);
	function(image->bytes); /* which nobody changes any more */
	assert_true(login_object_try(&object));
	assert_int_equal(counted(DOVETAP_COUNT_MIXED), 1);
}

static void test_a_mail_user_that_changes_is_mixed(void **state)
{
	struct mail_user_image image;

	(void)state;
	login_object_load(&object, layout_find(ABI), NULL);
	login_object_attach(&object, mail_user_created, "hook_mail_user_created");
	mail_user_image_init(&image, &table, ABI, 0, &target_login_plain);
	hit_until_mixed(&image.user, hook_mail_user_created, flip_service);
	mail_user_image_release(&image);
	login_object_release(&object);
}

static void test_an_auth_request_that_changes_is_mixed(void **state)
{
	struct image image;

	(void)state;
	login_object_load(&object, layout_find(ABI), NULL);
	login_object_attach(&object, auth_finished, "auth_request_finished_event");
	auth_request_image_init(&image, &table, ABI, 0, &target_login_plain);
	hit_until_mixed(&image, auth_request_finished_event, flip_port);
	image_release(&image);
	login_object_release(&object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mail_user_that_changes_is_mixed),
		cmocka_unit_test(test_an_auth_request_that_changes_is_mixed),
	};
	int failed;

	login_table_read(&table);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	layout_table_release(&table);
	return failed;
}
