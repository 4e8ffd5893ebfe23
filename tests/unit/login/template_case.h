/* SPDX-License-Identifier: MIT */
/* Tables of templates and what they expand to, for one made-up login. */
#ifndef DOVETAP_TEMPLATE_CASE_H
#define DOVETAP_TEMPLATE_CASE_H

#include <malloc.h>
#include <stdlib.h>

#include "../cmocka_all.h"
#include "login/template/template.h"

struct template_case {
	const char *user, *text, *expected; /* expected NULL: an error for this login */
};

/* In memory that ends where the text does: the sanitizer sees who reads a byte more. It lasts
 * for some dozens of logins. */
static inline struct slice exactly(const char *text)
{
	static char *kept[512];
	static size_t turn;
	size_t len = strlen(text);
	char **copy = &kept[turn++ % 512];

	free(*copy);
	*copy = memalign(8, len > 0 ? len : 1); /* no test lets this one fail */
	assert_non_null(*copy);
	memcpy(*copy, text, len);
	return (struct slice){*copy, len};
}

static void set_text(struct login *login, unsigned int field, const char *text)
{
	login->text[field] = exactly(text);
	login->present |= DOVETAP_BIT(field);
}

static struct login make_login(const char *user)
{
	struct login login = {
		.type = DOVETAP_EVENT_MAIL_USER,
		.time_ns = 1795338170123456789, /* 2026-11-22 09:02:50 UTC */
		.remote_ip = {2, {192, 0, 2, 7}},
		.local_ip = {10, {0x20, 1, 0xd, 0xb8, [15] = 0xff}},
		.remote_port = 50143,
		.local_port = 993,
		.pid = 20076,
		.uid = 997,
		.mail_uid = 999,
		.mail_gid = 998,
	};

	set_text(&login, DOVETAP_FIELD_USERNAME, user);
	set_text(&login, DOVETAP_FIELD_SERVICE, "imap");
	set_text(&login, DOVETAP_FIELD_PROTOCOL, "imap");
	set_text(&login, DOVETAP_FIELD_SESSION_ID, "unKgtdlgXMZ/AAAB");
	set_text(&login, DOVETAP_FIELD_HOME, "/home/u1");
	return login;
}

static struct template *compile_ok(const char *text, enum template_language language,
				   const struct template_env *env)
{
	struct template *template = NULL;
	struct error error = {0};

	if (template_compile(text, language, "test.conf:7", env, &template, &error) < 0)
		fail_msg("%s", error.text);
	return template;
}

static inline void check_case(const struct template_case *row, enum template_language language)
{
	const struct template_host host = {.hostname = {"mx.example.com", 14}, .node = {"n1", 2}};
	struct template *template = compile_ok(row->text, language, NULL);
	struct login login = make_login(row->user);
	struct error error = {0};
	struct buf out;
	int ret;

	buf_init(&out, 100000);
	ret = template_expand(template, &login, &host, &out, NULL, 0, NULL, &error);
	if ((ret < 0) != !row->expected)
		fail_msg("'%s': %d %s", row->text, ret, error.text);
	if (row->expected && strcmp(buf_str(&out), row->expected) != 0)
		fail_msg("'%s' of '%s' is '%s', not '%s'", row->text, row->user, buf_str(&out),
			 row->expected);
	buf_release(&out);
	template_free(&template);
}

#define check_cases(table, language)                                                               \
	do {                                                                                       \
		for (size_t case_i = 0; case_i < sizeof(table) / sizeof((table)[0]); case_i++)     \
			check_case(&(table)[case_i], language);                                    \
	} while (0)

/* The template must be refused with a text that has the place and the words in it. */
static inline void check_refused(const char *text, enum template_language language,
				 const struct template_env *env, const char *words)
{
	struct template *template = NULL;
	struct error error = {0};

	assert_int_equal(template_compile(text, language, "test.conf:7", env, &template, &error),
			 -EINVAL);
	assert_null(template);
	if (strncmp(error.text, "test.conf:7: last_login_key: ", 29) != 0 ||
	    !strstr(error.text, words))
		fail_msg("'%s': '%s' lacks '%s'", text, error.text, words);
}

/* This login's expansion fails, and why. */
static inline void check_fails(const char *user, const char *text, enum template_language language,
			       const char *why)
{
	struct template *template = compile_ok(text, language, NULL);
	struct login login = make_login(user);
	struct error error = {0};
	struct buf out;

	buf_init(&out, 100000);
	if (template_expand(template, &login, NULL, &out, NULL, 0, NULL, &error) != -EINVAL)
		fail_msg("'%s' of '%s' is '%s'", text, user, buf_str(&out));
	if (!strstr(error.text, why))
		fail_msg("'%s' of '%s': '%s' lacks '%s'", text, user, error.text, why);
	buf_release(&out);
	template_free(&template);
}

#endif
