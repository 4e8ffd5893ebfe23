/* SPDX-License-Identifier: MIT */
/* Which hits become records, and which counter counts those that do not. */
#include <sys/socket.h>

#include "login_object.h"
#include "target/functions.h"
#include "target/login_image.h"
#include "unit/cmocka_all.h"

#define ABI_23	   "2.3.ABIv19(2.3.19.1)"
#define ABI_24	   "2.4.ABIv5"
#define ABI_OLDEST "2.3.ABIv0(2.3.0)"

static struct layout_table table;

struct fixture {
	const char *abi;
	struct login_object object;
};

static struct fixture fixture;

static bool is_fallback(const struct login_bpf *skel, const struct bpf_program *program)
{
	return program == skel->progs.mail_user_init ||
	       program == skel->progs.auth_proxy_finished || program == skel->progs.auth_failed;
}

static void want_fallbacks(struct login_bpf *skel)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, skel->obj)
		bpf_program__set_autoload(program, is_fallback(skel, program));
}

static void want_no_fallbacks(struct login_bpf *skel)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, skel->obj)
		bpf_program__set_autoload(program, !is_fallback(skel, program));
}

static void setup(const char *abi)
{
	fixture.abi = abi;
	login_object_load(&fixture.object, layout_find(abi), want_no_fallbacks);
	login_object_attach(&fixture.object, mail_user_created, "hook_mail_user_created");
	login_object_attach(&fixture.object, auth_finished, "auth_request_finished_event");
}

/* The fallback probes instead. */
static void setup_fallbacks(const char *abi)
{
	fixture.abi = abi;
	login_object_load(&fixture.object, layout_find(abi), want_fallbacks);
	login_object_attach(&fixture.object, mail_user_init, "mail_user_init");
	login_object_attach(&fixture.object, auth_proxy_finished, "auth_request_proxy_finish");
	login_object_attach(&fixture.object, auth_failed, "auth_request_fail");
}

static int teardown(void **state)
{
	(void)state;
	login_object_release(&fixture.object);
	return 0;
}

static void log_in(const struct target_login *login)
{
	struct mail_user_image image;
	const char *error;

	mail_user_image_init(&image, &table, fixture.abi, 0xff, login);
	mail_user_init(image.user.bytes, &error);
	mail_user_image_release(&image);
}

static void authenticate(const struct target_login *login)
{
	struct image image;

	auth_request_image_init(&image, &table, fixture.abi, 0xff, login);
	if (login->successful)
		target_auth_request_success(image.bytes);
	else
		target_auth_request_failure(image.bytes);
	image_release(&image);
}

/* One hit seen, no record, this counter, no other. */
static void expect_counted(unsigned int counter)
{
	assert_false(login_object_try(&fixture.object));
	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++)
		assert_int_equal(login_object_count(&fixture.object, i),
				 i == counter || i == DOVETAP_COUNT_SEEN);
}

static void expect_record(unsigned int type, unsigned int counter)
{
	login_object_next(&fixture.object);
	assert_int_equal(fixture.object.record.head.type, type);
	expect_counted(counter);
}

static void test_login_is_emitted_once(void **state)
{
	(void)state;
	setup(ABI_24);
	log_in(&target_login_plain);
	expect_record(DOVETAP_EVENT_MAIL_USER, DOVETAP_COUNT_MAIL_USER_EMITTED);
}

static void test_autocreated_user_is_dropped(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup(ABI_23);
	login.autocreated = true;
	login.mech = NULL;
	log_in(&login);
	expect_counted(DOVETAP_COUNT_AUTOCREATED);
}

/* Whether the layout is right is not for the kernel to judge. */
static void test_whoever_has_authenticated_is_emitted(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup(ABI_23);
	login.autocreated = login.session_restored = true;
	log_in(&login);
	expect_record(DOVETAP_EVENT_MAIL_USER, DOVETAP_COUNT_MAIL_USER_EMITTED);
	assert_int_equal(fixture.object.record.head.flags &
				 (DOVETAP_FLAG_AUTOCREATED | DOVETAP_FLAG_SESSION_RESTORED),
			 DOVETAP_FLAG_AUTOCREATED | DOVETAP_FLAG_SESSION_RESTORED);
}

static void test_restored_session_is_dropped(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup(ABI_23);
	login.session_restored = true;
	login.mech = NULL;
	log_in(&login);
	expect_counted(DOVETAP_COUNT_SESSION_RESTORED);
}

/* "doveadm user" looks at a user for whom no plugin is called. */
static void test_user_without_plugins_is_dropped(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup(ABI_23);
	login.without_plugins = true;
	log_in(&login);
	expect_counted(DOVETAP_COUNT_NO_PLUGINS);
}

/* LMTP, LDA and doveadm: which services count is not for the kernel to say. */
static void test_user_without_address_and_mechanism_is_emitted(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup(ABI_23);
	login.remote_family = login.local_family = 0;
	login.mech = NULL;
	login.service = "lmtp";
	log_in(&login);
	expect_record(DOVETAP_EVENT_MAIL_USER, DOVETAP_COUNT_MAIL_USER_EMITTED);
}

static void test_null_argument_is_counted(void **state)
{
	(void)state;
	setup(ABI_23);
	hook_mail_user_created(NULL);
	expect_counted(DOVETAP_COUNT_NO_OBJECT);
}

static void test_unreadable_object_is_counted(void **state)
{
	(void)state;
	setup(ABI_23);
	hook_mail_user_created((void *)16);
	expect_counted(DOVETAP_COUNT_NO_USERNAME);
}

static void test_failed_authentication_is_emitted(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup(ABI_24);
	login.successful = false;
	login.passdb_result = 0;
	authenticate(&login);
	expect_record(DOVETAP_EVENT_AUTH, DOVETAP_COUNT_AUTH_EMITTED);
	assert_int_equal(fixture.object.record.head.flags & DOVETAP_FLAG_SUCCESSFUL, 0);
}

static void test_malformed_authentication_has_no_name(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup(ABI_24);
	login.successful = false;
	login.username = NULL;
	authenticate(&login);
	expect_record(DOVETAP_EVENT_AUTH, DOVETAP_COUNT_AUTH_EMITTED);
	assert_null(login_object_text(&fixture.object, DOVETAP_FIELD_USERNAME));
}

static void test_success_without_a_name_is_emitted(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup(ABI_24);
	login.username = NULL;
	authenticate(&login);
	expect_record(DOVETAP_EVENT_AUTH, DOVETAP_COUNT_AUTH_EMITTED);
	assert_null(login_object_text(&fixture.object, DOVETAP_FIELD_USERNAME));
}

static void test_internal_token_is_dropped(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup(ABI_24);
	login.mech = "DOVECOT-TOKEN";
	authenticate(&login);
	expect_counted(DOVETAP_COUNT_INTERNAL_TOKEN);
}

static void test_mechanism_that_only_begins_like_the_token_is_emitted(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup(ABI_OLDEST);
	login.mech = "DOVECOT-TOKENS";
	authenticate(&login);
	expect_record(DOVETAP_EVENT_AUTH, DOVETAP_COUNT_AUTH_EMITTED);
}

static void test_fallbacks_emit_the_same_records(void **state)
{
	(void)state;
	setup_fallbacks(ABI_OLDEST);
	log_in(&target_login_plain);
	login_object_next(&fixture.object);
	assert_int_equal(fixture.object.record.head.type, DOVETAP_EVENT_MAIL_USER);
	authenticate(&target_login_plain);
	login_object_next(&fixture.object);
	assert_int_equal(fixture.object.record.head.type, DOVETAP_EVENT_AUTH);
	assert_string_equal(login_object_text(&fixture.object, DOVETAP_FIELD_USERNAME),
			    target_login_plain.username);
	assert_false(login_object_try(&fixture.object));
}

static void test_fallback_drops_a_user_with_an_error(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup_fallbacks(ABI_23);
	login.error = "Home directory not set";
	log_in(&login);
	expect_counted(DOVETAP_COUNT_USER_ERROR);
}

static void test_fallback_drops_a_lookup_without_a_client(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup_fallbacks(ABI_23);
	login.has_handler = false;
	authenticate(&login);
	expect_counted(DOVETAP_COUNT_NO_HANDLER);
}

/* Where the function for successes is entered with something else. */
static void test_fallback_drops_what_did_not_succeed(void **state)
{
	struct target_login login = target_login_plain;
	struct image image;

	(void)state;
	setup_fallbacks(ABI_OLDEST);
	login.successful = false;
	auth_request_image_init(&image, &table, fixture.abi, 0xff, &login);
	auth_request_proxy_finish(image.bytes);
	expect_counted(DOVETAP_COUNT_NOT_SUCCESSFUL);
	image_release(&image);
}

static void test_fallback_emits_a_failure(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup_fallbacks(ABI_OLDEST);
	login.successful = false;
	login.passdb_result = -4;
	authenticate(&login);
	expect_record(DOVETAP_EVENT_AUTH, DOVETAP_COUNT_AUTH_EMITTED);
	assert_int_equal(fixture.object.record.head.passdb_result, -4);
	assert_int_equal(fixture.object.record.head.flags & DOVETAP_FLAG_SUCCESSFUL, 0);
}

static void test_tls_is_distinguished_from_merely_secured(void **state)
{
	struct target_login login = target_login_plain;

	(void)state;
	setup(ABI_23);
	authenticate(&login);
	login_object_next(&fixture.object);
	assert_int_equal(fixture.object.record.head.flags & DOVETAP_FLAG_TLS, 0);
	login.tls = true;
	authenticate(&login);
	login_object_next(&fixture.object);
	assert_int_not_equal(fixture.object.record.head.flags & DOVETAP_FLAG_TLS, 0);
	assert_int_not_equal(fixture.object.record.head.flags & DOVETAP_FLAG_SECURED, 0);
}

/* The host that a record has with that list of fields; NULL: none. */
static const char *host_with(const struct target_fields *fields)
{
	struct target_login login = target_login_plain;

	login.extra_fields = fields;
	authenticate(&login);
	login_object_next(&fixture.object);
	return login_object_text(&fixture.object, DOVETAP_FIELD_PROXY_HOST);
}

static void test_a_list_that_looks_wrong_has_no_host(void **state)
{
	static const struct target_field field[] = {{.key = "host", .value = "10.0.0.1"}};
	struct target_buffer buffer = {.data = field, .used = sizeof(field)};
	struct target_fields fields = {.buffer = &buffer, .element_size = sizeof(field)};

	(void)state;
	setup(ABI_23);
	assert_string_equal(host_with(&fields), "10.0.0.1");
	fields.element_size = 32; /* another release's auth_field */
	assert_null(host_with(&fields));
	fields.element_size = sizeof(field);
	buffer.used = sizeof(field) - 1;
	assert_null(host_with(&fields));
	buffer.data = (const void *)16;
	buffer.used = sizeof(field);
	assert_null(host_with(&fields));
	fields.buffer = NULL;
	assert_null(host_with(&fields));
}

static void test_a_long_list_ends_where_the_program_stops(void **state)
{
	struct target_field field[64];
	struct target_buffer buffer = {.data = field, .used = sizeof(field)};
	const struct target_fields fields = {.buffer = &buffer, .element_size = sizeof(field[0])};

	(void)state;
	for (size_t i = 0; i < 64; i++)
		field[i] = (struct target_field){.key = "hosts", .value = "no"};
	setup(ABI_24);
	field[23] = (struct target_field){.key = "host", .value = "last"};
	assert_string_equal(host_with(&fields), "last");
	field[24] = field[23];
	field[23].key = "hos";
	assert_null(host_with(&fields));
}

#define scenario(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario(test_login_is_emitted_once),
		scenario(test_autocreated_user_is_dropped),
		scenario(test_whoever_has_authenticated_is_emitted),
		scenario(test_user_without_plugins_is_dropped),
		scenario(test_restored_session_is_dropped),
		scenario(test_user_without_address_and_mechanism_is_emitted),
		scenario(test_null_argument_is_counted),
		scenario(test_unreadable_object_is_counted),
		scenario(test_failed_authentication_is_emitted),
		scenario(test_malformed_authentication_has_no_name),
		scenario(test_success_without_a_name_is_emitted),
		scenario(test_internal_token_is_dropped),
		scenario(test_mechanism_that_only_begins_like_the_token_is_emitted),
		scenario(test_fallbacks_emit_the_same_records),
		scenario(test_fallback_drops_a_user_with_an_error),
		scenario(test_fallback_drops_a_lookup_without_a_client),
		scenario(test_fallback_drops_what_did_not_succeed),
		scenario(test_fallback_emits_a_failure),
		scenario(test_tls_is_distinguished_from_merely_secured),
		scenario(test_a_list_that_looks_wrong_has_no_host),
		scenario(test_a_long_list_ends_where_the_program_stops),
	};
	int failed;

	login_table_read(&table);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	layout_table_release(&table);
	return failed;
}
