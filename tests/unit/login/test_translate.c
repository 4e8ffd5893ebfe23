/* SPDX-License-Identifier: MIT */
/* A template that is put into the other language expands to the same text there. */
#include "conf/translate.h"
#include "login/template/template.h"

#include "../cmocka_all.h"

static const char *const users[] = {
	"Us.Er+X@Example.COM", "u@x", "nodomain", "a@b@c", "%{user}", ""};

static void expand(const char *text, enum template_language language, const char *user,
		   struct buf *out)
{
	const struct template_host host = {.hostname = slice_str("mx.example.com")};
	struct template *template;
	struct login login = {.pid = 4242};
	struct error error = {0};
	size_t parts;

	login.text[DOVETAP_FIELD_USERNAME] = slice_str(user);
	login.text[DOVETAP_FIELD_SERVICE] = slice_str("imap");
	login.text[DOVETAP_FIELD_SESSION_ID] = slice_str("uKgt/XMZ");
	login.present = DOVETAP_BIT(DOVETAP_FIELD_USERNAME) | DOVETAP_BIT(DOVETAP_FIELD_SERVICE) |
			DOVETAP_BIT(DOVETAP_FIELD_SESSION_ID);
	if (template_compile(text, language, "test", NULL, &template, &error) < 0 ||
	    template_expand(template, &login, &host, out, NULL, 0, &parts, &error) < 0)
		fail_msg("%s: %s", text, error.text);
	template_free(&template);
}

static void same(const char *v23, const char *v24)
{
	struct buf a, b;

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		buf_init(&a, 4096);
		buf_init(&b, 4096);
		expand(v23, TEMPLATE_V23, users[i], &a);
		expand(v24, TEMPLATE_V24, users[i], &b);
		assert_string_equal(buf_str(&a), buf_str(&b));
		buf_release(&b);
		buf_release(&a);
	}
}

static void translate(const char *text, bool to_v24, struct buf *out)
{
	struct error error = {0};

	buf_init(out, 4096);
	if (translate_template(NULL, text, to_v24, out, &error) < 0)
		fail_msg("%s", error.text);
}

static void a_translated_template_means_the_same(void **state)
{
	static const char *const templates[] = {
		"%u",
		"%n",
		"%d",
		"%s",
		"%p",
		"%{user}@%{service}",
		"%{session}",
		"%{hostname}",
		"%Lu",
		"%LUu",
		"%Ru",
		"%LRn",
		"%3u",
		"%.3u",
		"%0.3u",
		"%100u",
		"%05u",
		"%010p",
		"%5{user}",
		"%M{user}",
		"%Mn",
		"%LMu",
		"%{md5:user}",
		"%{sha1:username}",
		"%{sha512:user}",
		"%%{user}",
		"100%",
		"%%",
		"a%%b%%{",
		"%u%%%n",
		"%%%%%u",
	};
	struct buf there, back;

	(void)state;
	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		translate(templates[i], true, &there);
		same(templates[i], buf_str(&there));
		translate(buf_str(&there), false, &back);
		same(buf_str(&back), buf_str(&there));
		buf_release(&back);
		buf_release(&there);
	}
}

static void what_has_no_form_is_refused_by_name(void **state)
{
	static const struct {
		const char *text, *named;
		bool to_v24;
	} cases[] = {
		{"a/%2.3u", "%2.3u", true},
		{"%-3u", "%-3u", true},
		{"%3Mu", "%3Mu", true},
		{"%Tu", "%Tu", true},
		{"%Hu", "%Hu", true},
		{"%{sha1;rounds=2:user}", "%{sha1;rounds=2:user}", true},
		{"%L{sha1:user}", "%L{sha1:user}", true},
		{"%{nosuch}", "%{nosuch}", true},
		{"%{user", "%{user", true},
		{"%{user | sha256 | base64}", "%{user | sha256 | base64}", false},
		{"%{user | truncate(3) | lower}", "%{user | truncate(3) | lower}", false},
		{"%{user | lower | sha1}", "%{user | lower | sha1}", false},
		{"%{nosuch}", "%{nosuch}", false},
		{"%{user", "%{user", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error error = {0};
		struct buf out;

		buf_init(&out, 4096);
		assert_int_equal(
			translate_template(NULL, cases[i].text, cases[i].to_v24, &out, &error),
			-EINVAL);
		assert_non_null(strstr(error.text, cases[i].named));
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_translated_template_means_the_same),
		cmocka_unit_test(what_has_no_form_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
