/* SPDX-License-Identifier: MIT */
/*
 * Every embedded layout loads and reads every field right: a struct is laid out in this process as
 * that release does, the probed function is called with it, and the record is compared value by
 * value. The gaps of the struct are filled with zeros once and with ones once, so that a flag that
 * is read one bit off shows. And every member that the table has counts: with its bits inverted
 * something else comes of the call.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "login_object.h"
#include "target/functions.h"
#include "target/login_image.h"
#include "unit/cmocka_all.h"

static struct layout_table table;

/* The opposite of target_login_plain in every respect: IPv6, all flags, all texts. */
static const struct target_field proxy_fields[] = {
	{.key = "user", .value = "zoë@example.org"},
	{.key = "hostip", .value = "192.0.2.1"},
	{.key = "host", .value = "backend.example"},
	{.key = "proxy"},
};
static const struct target_buffer proxy_buffer = {.data = proxy_fields,
						  .used = sizeof(proxy_fields)};
static const struct target_fields proxy_extra = {.buffer = &proxy_buffer,
						 .element_size = sizeof(struct target_field)};

static const struct target_login login_full = {
	.username = "zoë@example.org",
	.auth_user = "master user",
	.master_user = "master",
	.home = "/srv/mail/zoë",
	.session_id = "long-session-id-of-a-proxy:AbCdEf0123456789",
	.service = "managesieve",
	.protocol = "sieve",
	.mech = "SCRAM-SHA-256",
	.local_name = "mail.example.org",
	.remote_family = AF_INET6,
	.local_family = AF_INET6,
	.remote_ip = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
	.local_ip = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
	.remote_port = 65535,
	.local_port = 4190,
	.client_id = "\"name\" \"Thunderbird\"",
	.real_remote_family = AF_INET,
	.real_local_family = AF_INET6,
	.real_remote_ip = {203, 0, 113, 5},
	.real_local_ip = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2},
	.real_remote_port = 40001,
	.real_local_port = 10993,
	.uid = 4000000000U,
	.gid = 12,
	.anonymous = true,
	.admin = true,
	.successful = true,
	.auth_only = true,
	.policy_refusal = true,
	.internal_failure = true,
	.passdb_result = -6,
	.extra_fields = &proxy_extra,
};

/* Nothing set that can be left out: NULL pointers, no addresses. */
static const struct target_login login_bare = {
	.username = "b",
	.session_id = "0123456789",
	.uid = (uint32_t)-1,
	.passdb_result = 0,
};

static void want_home(struct login_bpf *skel)
{
	skel->rodata->wanted_texts |= DOVETAP_BIT(DOVETAP_FIELD_HOME);
}

static void want_proxy(struct login_bpf *skel)
{
	login_object_want_only(skel, skel->progs.proxy_established);
}

static void expect_text(const struct login_object *object, unsigned int field, bool exists,
			const char *expected)
{
	const char *text = login_object_text(object, field);

	if (!exists || !expected) {
		assert_null(text);
	} else {
		assert_non_null(text);
		assert_string_equal(text, expected);
	}
}

static void expect_ip(const struct login_object *object, unsigned int field, uint16_t family,
		      const uint8_t *bytes)
{
	const struct dovetap_event_head *head = &object->record.head;
	bool remote = field == DOVETAP_FIELD_REMOTE_IP;

	assert_int_equal((head->present & DOVETAP_BIT(field)) != 0, family != 0);
	assert_int_equal(remote ? head->remote_family : head->local_family, family);
	assert_memory_equal(remote ? head->remote_ip : head->local_ip, bytes, 16);
}

/* What both roles share. */
static void expect_common(const struct login_object *object, const struct target_login *login,
			  const void *argument)
{
	const struct dovetap_event_head *head = &object->record.head;
	uint32_t ports =
		DOVETAP_BIT(DOVETAP_FIELD_REMOTE_PORT) | DOVETAP_BIT(DOVETAP_FIELD_LOCAL_PORT);

	assert_int_equal(head->failed, 0);
	assert_int_equal(head->truncated, 0);
	assert_int_equal(head->pid, getpid());
	assert_int_equal(head->tid, gettid());
	assert_int_equal(head->uid, getuid());
	assert_int_equal(head->object, (uintptr_t)argument);
	assert_int_not_equal(head->cgroup_id, 0);
	expect_ip(object, DOVETAP_FIELD_REMOTE_IP, login->remote_family, login->remote_ip);
	expect_ip(object, DOVETAP_FIELD_LOCAL_IP, login->local_family, login->local_ip);
	assert_int_equal(head->remote_port, login->remote_port);
	assert_int_equal(head->local_port, login->local_port);
	assert_int_equal(head->present & ports, login->remote_port ? ports : 0);
}

static uint32_t flag(bool set, uint32_t bit)
{
	return set ? bit : 0;
}

static void expect_mail_user(const struct login_object *object, const struct image *user,
			     const struct target_login *login)
{
	const struct dovetap_event_head *head = &object->record.head;
	bool is_24 = image_has(user, "conn.end_client_tls_secured");

	assert_int_equal(head->type, DOVETAP_EVENT_MAIL_USER);
	expect_common(object, login, user->bytes);
	expect_text(object, DOVETAP_FIELD_USERNAME, true, login->username);
	expect_text(object, DOVETAP_FIELD_AUTH_USER, true, login->auth_user);
	expect_text(object, DOVETAP_FIELD_HOME, true, login->home);
	expect_text(object, DOVETAP_FIELD_SESSION_ID, true, login->session_id);
	expect_text(object, DOVETAP_FIELD_SERVICE, true, login->service);
	expect_text(object, DOVETAP_FIELD_MASTER_USER, image_has(user, "master_user"),
		    login->master_user);
	expect_text(object, DOVETAP_FIELD_PROTOCOL, image_has(user, "protocol"), login->protocol);
	expect_text(object, DOVETAP_FIELD_MECH, image_has(user, "auth_mech"), login->mech);
	expect_text(object, DOVETAP_FIELD_LOCAL_NAME, image_has(user, "conn.local_name"),
		    login->local_name);
	assert_int_equal((head->present & DOVETAP_BIT(DOVETAP_FIELD_MAIL_UID)) != 0,
			 login->uid != (uint32_t)-1);
	assert_int_equal(head->mail_uid, login->uid);
	assert_int_equal(head->mail_gid, login->gid);
	assert_int_equal(head->flags, flag(login->anonymous, DOVETAP_FLAG_ANONYMOUS) |
					      flag(login->admin, DOVETAP_FLAG_ADMIN) |
					      flag(login->secured, DOVETAP_FLAG_SECURED) |
					      flag(login->secured && is_24, DOVETAP_FLAG_TLS));
}

/* The connection as it is, behind the texts. */
static void expect_real(const struct login_object *object, const struct target_login *login)
{
	const struct dovetap_event_head *head = &object->record.head;
	const struct dovetap_event_tail *tail = &object->record.ordinary.tail;

	assert_int_equal(object->size, sizeof(object->record.ordinary));
	assert_int_equal(tail->real_remote_family, login->real_remote_family);
	assert_int_equal(tail->real_local_family, login->real_local_family);
	assert_memory_equal(tail->real_remote_ip, login->real_remote_ip, 16);
	assert_memory_equal(tail->real_local_ip, login->real_local_ip, 16);
	assert_int_equal(tail->real_remote_port, login->real_remote_port);
	assert_int_equal(tail->real_local_port, login->real_local_port);
	assert_int_equal((head->present & DOVETAP_BIT(DOVETAP_FIELD_REAL_REMOTE_IP)) != 0,
			 login->real_remote_family != 0);
	assert_int_equal((head->present & DOVETAP_BIT(DOVETAP_FIELD_REAL_LOCAL_PORT)) != 0,
			 login->real_local_port != 0);
}

static void expect_auth(const struct login_object *object, const struct image *request,
			const struct target_login *login)
{
	const struct dovetap_event_head *head = &object->record.head;
	bool is_24 = image_has(request, "fields.protocol");

	assert_int_equal(head->type, DOVETAP_EVENT_AUTH);
	expect_common(object, login, request->bytes);
	expect_text(object, DOVETAP_FIELD_USERNAME, true, login->username);
	expect_text(object, DOVETAP_FIELD_AUTH_USER, true, login->auth_user);
	expect_text(object, DOVETAP_FIELD_MASTER_USER, true, login->master_user);
	expect_text(object, DOVETAP_FIELD_SESSION_ID, true, login->session_id);
	expect_text(object, DOVETAP_FIELD_SERVICE, !is_24, login->service);
	expect_text(object, DOVETAP_FIELD_PROTOCOL, is_24, login->protocol);
	expect_text(object, DOVETAP_FIELD_MECH, true, login->mech);
	expect_text(object, DOVETAP_FIELD_LOCAL_NAME, true, login->local_name);
	expect_text(object, DOVETAP_FIELD_HOME, false, NULL);
	expect_text(object, DOVETAP_FIELD_CLIENT_ID, true, login->client_id);
	expect_text(object, DOVETAP_FIELD_PROXY_HOST, true,
		    login->extra_fields ? "backend.example" : NULL);
	expect_real(object, login);
	assert_int_not_equal(head->present & DOVETAP_BIT(DOVETAP_FIELD_PASSDB_RESULT), 0);
	assert_int_equal(head->passdb_result, login->passdb_result);
	assert_int_equal(head->flags,
			 flag(login->successful, DOVETAP_FLAG_SUCCESSFUL) |
				 flag(login->secured, DOVETAP_FLAG_SECURED) |
				 flag(login->tls, DOVETAP_FLAG_TLS) |
				 flag(login->auth_only, DOVETAP_FLAG_AUTH_ONLY) |
				 flag(login->policy_refusal, DOVETAP_FLAG_POLICY_REFUSAL) |
				 flag(login->internal_failure, DOVETAP_FLAG_INTERNAL_FAILURE));
}

static void try_mail_user(struct login_object *object, const char *abi, unsigned char pattern,
			  const struct target_login *login)
{
	struct mail_user_image image;

	mail_user_image_init(&image, &table, abi, pattern, login);
	hook_mail_user_created(image.user.bytes);
	login_object_next(object);
	expect_mail_user(object, &image.user, login);
	mail_user_image_release(&image);
}

static void try_auth(struct login_object *object, const char *abi, unsigned char pattern,
		     const struct target_login *login)
{
	struct image image;

	auth_request_image_init(&image, &table, abi, pattern, login);
	auth_request_finished_event(image.bytes);
	login_object_next(object);
	expect_auth(object, &image, login);
	image_release(&image);
}

static void try_proxy(struct login_object *object, const char *abi,
		      const struct target_login *login)
{
	struct image image;

	client_image_init(&image, &table, abi, 0xff, login);
	client_proxy_finish_destroy_client(image.bytes);
	login_object_next(object);
	assert_int_equal(object->record.head.type, DOVETAP_EVENT_PROXY);
	assert_int_equal(object->record.head.present, DOVETAP_BIT(DOVETAP_FIELD_SESSION_ID));
	expect_text(object, DOVETAP_FIELD_SESSION_ID, true, login->session_id);
	image_release(&image);
}

static void try_abi(struct login_object *object, const char *abi)
{
	static const struct target_login *const logins[] = {&target_login_plain, &login_full,
							    &login_bare};

	print_message("# %s\n", abi);
	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		try_mail_user(object, abi, 0x00, logins[i]);
		try_mail_user(object, abi, 0xff, logins[i]);
		try_auth(object, abi, 0x00, logins[i]);
		try_auth(object, abi, 0xff, logins[i]);
		try_proxy(object, abi, logins[i]);
	}
	assert_false(login_object_try(object));
}

/* --- every member counts ------------------------------------------------------------------------
 */

/* What came of a call: the records of all the probes that it hit. */
struct outcome {
	size_t count;
	size_t size[4];
	struct dovetap_event_long records[4];
};

static void call(struct login_object *object, void (*function)(void *), void *argument,
		 struct outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	function(argument);
	while (login_object_try(object)) {
		size_t i = outcome->count++;

		assert_in_range(i, 0, 3);
		object->record.head.boot_ns = 0;
		outcome->size[i] = object->size;
		memcpy(&outcome->records[i], &object->record, object->size);
	}
}

/* What leads to the flags of a user counts for one without plugins alone. */
static bool is_of_service(const struct layout_member *member)
{
	return strstr(member->name, "service_user") || strcmp(member->name, "input.username") == 0;
}

static void try_some_members(struct login_object *object, const struct image *image,
			     void (*function)(void *), void *argument, bool of_service)
{
	struct outcome whole, other;

	call(object, function, argument, &whole);
	assert_true((whole.count == 0) == of_service);
	for (size_t i = 0; i < image->layout->member_count; i++) {
		const struct layout_member *member = &image->layout->members[i];

		if (member->type == LAYOUT_GROUP) /* its members follow */
			continue;
		if (is_of_service(member) != of_service)
			continue;
		image_invert(image, member);
		call(object, function, argument, &other);
		image_invert(image, member);
		if (memcmp(&whole, &other, sizeof(whole)) == 0)
			fail_msg("%s: %s of %s is not read", image->abi, member->name,
				 image->layout->name);
	}
}

static void try_members(struct login_object *object, const struct image *image,
			void (*function)(void *), void *argument)
{
	try_some_members(object, image, function, argument, false);
}

static void init_mail_user(void *user)
{
	const char *error;

	mail_user_init(user, &error);
}

static void try_every_member(struct login_object *object, const char *abi)
{
	struct target_login without_plugins = login_full;
	struct mail_user_image user;
	struct image request, client;

	without_plugins.without_plugins = true;
	mail_user_image_init(&user, &table, abi, 0, &login_full);
	try_members(object, &user.user, init_mail_user, user.user.bytes);
	try_members(object, &user.remote_ip, init_mail_user, user.user.bytes);
	try_members(object, &user.local_ip, init_mail_user, user.user.bytes);
	try_members(object, &user.service, init_mail_user, user.user.bytes);
	mail_user_image_release(&user);

	mail_user_image_init(&user, &table, abi, 0, &without_plugins);
	try_some_members(object, &user.user, init_mail_user, user.user.bytes, true);
	try_some_members(object, &user.service, init_mail_user, user.user.bytes, true);
	mail_user_image_release(&user);

	auth_request_image_init(&request, &table, abi, 0, &login_full);
	try_members(object, &request, target_auth_request_success, request.bytes);
	image_release(&request);

	client_image_init(&client, &table, abi, 0, &login_full);
	try_members(object, &client, target_proxy_input, client.bytes);
	image_release(&client);
}

/* --- all layouts --------------------------------------------------------------------------------
 */

static bool is_first_of_its_blob(const struct layout *layout)
{
	for (const struct layout *other = layouts_embedded; other < layout; other++) {
		if (other->btf == layout->btf)
			return false;
	}
	return true;
}

static void load(struct login_object *object, const struct layout *layout)
{
	login_object_load(object, layout, want_home);
	login_object_attach(object, mail_user_created, "hook_mail_user_created");
	login_object_attach(object, mail_user_init, "mail_user_init");
	login_object_attach(object, auth_finished, "auth_request_finished_event");
	login_object_attach(object, auth_proxy_finished, "auth_request_proxy_finish");
	login_object_attach(object, proxy_established, "client_proxy_finish_destroy_client");
}

/* ABIs that share a blob share a load: detaching waits for the kernel's grace periods. */
static void test_every_layout_reads_every_field(void **state)
{
	const struct layout *end = layouts_embedded + layouts_embedded_count;
	size_t tried = 0;

	(void)state;
	for (const struct layout *layout = layouts_embedded; layout < end; layout++) {
		struct login_object object;

		if (!is_first_of_its_blob(layout))
			continue;
		load(&object, layout);
		try_every_member(&object, layout->abi);
		for (const struct layout *same = layout; same < end; same++) {
			if (same->btf == layout->btf) {
				try_abi(&object, same->abi);
				tried++;
			}
		}
		login_object_release(&object);
	}
	assert_int_equal(tried, layouts_embedded_count);
}

static void try_patched_client(const char *abi)
{
	static const uintptr_t settings[] = {0x00007f0123456789};
	struct login_object object;
	struct image image;

	login_object_load(&object, layout_find(abi), want_proxy);
	login_object_attach(&object, proxy_established, "client_proxy_finish_destroy_client");
	client_image_init(&image, &table, abi, 0, &target_login_plain);
	assert_true(image_set_pointer_behind(&image, "session_id", target_login_plain.session_id));
	assert_true(image_set_pointer(&image, "session_id", settings));
	client_proxy_finish_destroy_client(image.bytes);
	login_object_next(&object);
	expect_text(&object, DOVETAP_FIELD_SESSION_ID, true, target_login_plain.session_id);
	image_release(&image);
	login_object_release(&object);
}

/* Debian's security updates have something else where upstream has the session id. */
static void test_patched_client_is_read_at_its_second_place(void **state)
{
	(void)state;
	try_patched_client("2.3.ABIv19(2.3.19.1)");
	try_patched_client("2.4.ABIv1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_layout_reads_every_field),
		cmocka_unit_test(test_patched_client_is_read_at_its_second_place),
	};
	int failed;

	login_table_read(&table);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	layout_table_release(&table);
	return failed;
}
