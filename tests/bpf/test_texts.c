/* SPDX-License-Identifier: MIT */
/* Texts of every awkward length and kind: what fits is whole, what does not is marked. */
#include <sys/mman.h>
#include <sys/prctl.h>

#include "login_object.h"
#include "target/functions.h"
#include "target/login_image.h"
#include "unit/cmocka_all.h"

#define ABI "2.4.ABIv1"

static struct layout_table table;
static struct login_object object;

static void want_mail_user(struct login_bpf *skel)
{
	login_object_want_only(skel, skel->progs.mail_user_created);
}

static int setup(void **state)
{
	(void)state;
	login_object_load(&object, layout_find(ABI), want_mail_user);
	login_object_attach(&object, mail_user_created, "hook_mail_user_created");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	login_object_release(&object);
	return 0;
}

static void log_in(const struct target_login *login)
{
	struct mail_user_image image;

	mail_user_image_init(&image, &table, ABI, 0xff, login);
	hook_mail_user_created(image.user.bytes);
	login_object_next(&object);
	mail_user_image_release(&image);
}

/* len bytes of which no two neighbours are equal. */
static char *make_text(size_t len)
{
	char *text = malloc(len + 1);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('!' + i % 93);
	text[len] = '\0';
	return text;
}

/* Logs in with a user name of len bytes, expects that many of them in a record of that size. */
static void try_name(size_t len, size_t expected, size_t record_size)
{
	struct target_login login = target_login_plain;
	char *name = make_text(len);

	login.username = name;
	log_in(&login);
	assert_int_equal(object.size, record_size);
	assert_int_equal(object.record.head.truncated,
			 expected < len ? DOVETAP_BIT(DOVETAP_FIELD_USERNAME) : 0);
	name[expected] = '\0';
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_USERNAME), name);
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_SESSION_ID), login.session_id);
	free(name);
}

static void expect_origin(const struct dovetap_event_origin *origin)
{
	char comm[16];

	prctl(PR_GET_NAME, comm);
	assert_string_equal(origin->comm, comm);
	assert_true(origin->file == LOGIN_OBJECT_FILE);
}

/* In both forms. */
static void test_a_record_tells_where_it_is_from(void **state)
{
	(void)state;
	try_name(62, 62, sizeof(struct dovetap_event));
	expect_origin(&object.record.ordinary.origin);
	try_name(64, 64, sizeof(struct dovetap_event_long));
	expect_origin(&object.record.longer.origin);
}

static void test_name_that_fills_the_ordinary_slot_is_whole(void **state)
{
	(void)state;
	try_name(62, 62, sizeof(struct dovetap_event));
	try_name(63, 63, sizeof(struct dovetap_event));
	assert_int_equal(login_object_count(&object, DOVETAP_COUNT_LONG_RECORD), 0);
}

static void test_longer_names_take_the_long_record(void **state)
{
	(void)state;
	try_name(64, 64, sizeof(struct dovetap_event_long));
	try_name(300, 300, sizeof(struct dovetap_event_long));
	try_name(512, 512, sizeof(struct dovetap_event_long));
	try_name(519, 519, sizeof(struct dovetap_event_long));
	assert_int_equal(login_object_count(&object, DOVETAP_COUNT_LONG_RECORD), 4);
	assert_int_equal(login_object_count(&object, DOVETAP_COUNT_FIELD_TRUNCATED), 0);
	assert_int_equal(login_object_count(&object, DOVETAP_COUNT_MAIL_USER_EMITTED), 4);
}

static void test_name_that_fits_nowhere_is_marked(void **state)
{
	(void)state;
	try_name(520, 519, sizeof(struct dovetap_event_long));
	try_name(5000, 519, sizeof(struct dovetap_event_long));
	assert_int_equal(login_object_count(&object, DOVETAP_COUNT_FIELD_TRUNCATED), 2);
}

/* Any text can be the one that does not fit, and marks only itself. */
static void test_long_session_id_takes_the_long_record(void **state)
{
	struct target_login login = target_login_plain;
	char *id = make_text(200);

	(void)state;
	login.session_id = id;
	log_in(&login);
	assert_int_equal(object.size, sizeof(struct dovetap_event_long));
	assert_int_equal(object.record.head.truncated, DOVETAP_BIT(DOVETAP_FIELD_SESSION_ID));
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_USERNAME), login.username);
	id[127] = '\0';
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_SESSION_ID), id);
	free(id);
}

static void test_every_byte_but_nul_passes(void **state)
{
	struct target_login login = target_login_plain;
	char name[256];

	(void)state;
	for (int i = 1; i < 256; i++)
		name[i - 1] = (char)i;
	name[255] = '\0';
	login.username = name;
	log_in(&login);
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_USERNAME), name);
}

static void test_empty_text_is_present(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	login.master_user = "";
	log_in(&login);
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_MASTER_USER), "");
}

static void test_unreadable_text_is_marked(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	login.auth_user = (const char *)16;
	log_in(&login);
	assert_int_equal(object.record.head.failed, DOVETAP_BIT(DOVETAP_FIELD_AUTH_USER));
	assert_null(login_object_text(&object, DOVETAP_FIELD_AUTH_USER));
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_USERNAME), login.username);
	assert_int_equal(login_object_count(&object, DOVETAP_COUNT_FIELD_UNREADABLE), 1);
}

/* A text that ends with its page: nothing behind its NUL may be needed. */
static void test_text_at_the_end_of_memory_is_whole(void **state)
{
	struct target_login login = target_login_plain;
	char *name = make_text(63);
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(munmap(pages + 4096, 4096), 0);
	memcpy(pages + 4096 - 64, name, 64);
	login.username = pages + 4096 - 64;
	log_in(&login);
	assert_int_equal(object.size, sizeof(struct dovetap_event));
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_USERNAME), name);
	munmap(pages, 4096);
	free(name);
}

/* The name runs into memory that is not there: no NUL, no name, no record. */
static void test_name_without_an_end_is_marked(void **state)
{
	struct target_login login = target_login_plain;
	struct mail_user_image image;
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(munmap(pages + 4096, 4096), 0);
	memset(pages, 'x', 4096);
	login.username = pages + 4096 - 20;
	mail_user_image_init(&image, &table, ABI, 0xff, &login);
	hook_mail_user_created(image.user.bytes);
	login_object_next(&object);
	assert_int_equal(object.record.head.failed, DOVETAP_BIT(DOVETAP_FIELD_USERNAME));
	assert_null(login_object_text(&object, DOVETAP_FIELD_USERNAME));
	mail_user_image_release(&image);
	munmap(pages, 4096);
}

static void test_home_is_captured_only_when_wanted(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	login.home = "/srv/mail/alice";
	log_in(&login);
	assert_null(login_object_text(&object, DOVETAP_FIELD_HOME));
}

#define scenario(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario(test_a_record_tells_where_it_is_from),
		scenario(test_name_that_fills_the_ordinary_slot_is_whole),
		scenario(test_longer_names_take_the_long_record),
		scenario(test_name_that_fits_nowhere_is_marked),
		scenario(test_long_session_id_takes_the_long_record),
		scenario(test_every_byte_but_nul_passes),
		scenario(test_empty_text_is_present),
		scenario(test_unreadable_text_is_marked),
		scenario(test_text_at_the_end_of_memory_is_whole),
		scenario(test_name_without_an_end_is_marked),
		scenario(test_home_is_captured_only_when_wanted),
	};
	int failed;

	login_table_read(&table);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	layout_table_release(&table);
	return failed;
}
