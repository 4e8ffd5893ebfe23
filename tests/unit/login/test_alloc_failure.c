/* SPDX-License-Identifier: MIT */
/* Templates are compiled and expanded, and records joined, without memory. */
#include <sys/socket.h>

#include "../alloc_failure.h"
#include "login/join.h"
#include "template_case.h"

struct language_case {
	const char *text;
	enum template_language language;
};

static int compile_and_expand(void *context)
{
	const struct language_case *row = context;
	const struct template_host host = {.hostname = {"mx", 2}};
	struct login login = make_login("User@Example.com");
	struct template *template = NULL;
	struct key_part parts[8];
	struct error error = {0};
	struct buf out;
	size_t count;
	int ret;

	buf_init(&out, 4096);
	ret = template_compile(row->text, row->language, "test", NULL, &template, &error);
	if (ret == 0)
		ret = template_expand(template, &login, &host, &out, parts, 8, &count, &error);
	if (ret == 0)
		assert_true(out.len > 0);
	template_free(&template);
	buf_release(&out);
	return ret;
}

static void templates_are_compiled_and_expanded(void **state)
{
	static struct language_case rows[] = {
		{"last-login/%{service}/%Lu/%{sha1:user}", TEMPLATE_V23},
		{"%{if;%s;eq;imap;%u;other}/%{remote_ip}", TEMPLATE_V23},
		{"last-login/%{user | lower | sha256 | hexlify}/%{service}", TEMPLATE_V24},
		{"%{user | regexp('(.*)@(.*)', '\\\\2/\\\\1')}/%{local_ip}", TEMPLATE_V24},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(each_failure(compile_and_expand, &rows[i]) > 1);
}

static void count_event(const struct login_event *event, void *context)
{
	(void)event;
	(*(unsigned int *)context)++;
}

/* Without memory nobody waits and nobody is remembered, but every record is passed on. */
static int join_two(void *context)
{
	struct login user = make_login("u"), auth = make_login("u");
	struct join *join = NULL;
	unsigned int events = 0;
	struct error error = {0};
	int ret = join_new(count_event, &events, &join, &error);

	(void)context;
	if (ret < 0)
		return ret;
	set_text(&user, DOVETAP_FIELD_MECH, "PLAIN");
	auth.type = DOVETAP_EVENT_AUTH;
	auth.flags = DOVETAP_FLAG_SUCCESSFUL;
	join_take(join, &user, 1, 1);
	join_take(join, &auth, 2, 2);
	join_expire(join, INT64_MAX);
	join_free(&join);
	assert_int_equal(events, 2);
	return 0;
}

static void records_are_joined(void **state)
{
	(void)state;
	assert_true(each_failure(join_two, NULL) > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_are_compiled_and_expanded),
		cmocka_unit_test(records_are_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
