/* SPDX-License-Identifier: MIT */
/*
 * Expands templates for a made-up login: expand v23|v24 VERSION [FIELD=VALUE...] < templates
 *
 * FIELD is a text of the login (username, service, session_id...), remote_ip, local_ip, pid, uid,
 * mail_uid, mail_gid or hostname. Each template on standard input ends with a NUL, and so does
 * each answer: "=" and the expansion, "!" and why this login has none, or "?" and why the template
 * was refused.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "login/template/template.h"

struct subject {
	struct login login;
	struct template_host host;
};

static const char *const texts[] = {
#define DOVETAP_X(id, member, ordinary, longer) [DOVETAP_FIELD_##id] = #member,
	DOVETAP_TEXT_FIELDS(DOVETAP_X)
#undef DOVETAP_X
};

static const struct {
	const char *name;
	size_t offset;
} numbers[] = {
	{"pid", offsetof(struct login, pid)},
	{"uid", offsetof(struct login, uid)},
	{"mail_uid", offsetof(struct login, mail_uid)},
	{"mail_gid", offsetof(struct login, mail_gid)},
};

static bool set_text(struct login *login, struct slice name, const char *value)
{
	for (unsigned int i = 0; i < DOVETAP_TEXT_COUNT; i++) {
		if (!slice_is(name, texts[i]))
			continue;
		login->text[i] = slice_str(value);
		login->present |= DOVETAP_BIT(i);
		return true;
	}
	return false;
}

static bool set_number(struct login *login, struct slice name, const char *value)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint32_t number = (uint32_t)strtoul(value, NULL, 10);

		if (!slice_is(name, numbers[i].name))
			continue;
		memcpy((char *)login + numbers[i].offset, &number, sizeof(number));
		return true;
	}
	return false;
}

static bool set_ip(struct login_ip *ip, const char *value)
{
	ip->family = strchr(value, ':') ? AF_INET6 : AF_INET;
	return inet_pton(ip->family, value, ip->bytes) == 1;
}

static bool set_field(struct subject *subject, const char *argument)
{
	const char *value = strchr(argument, '=');
	struct slice name;

	if (!value)
		return false;
	name = (struct slice){argument, (size_t)(value++ - argument)};
	if (slice_is(name, "remote_ip"))
		return set_ip(&subject->login.remote_ip, value);
	if (slice_is(name, "local_ip"))
		return set_ip(&subject->login.local_ip, value);
	if (slice_is(name, "hostname")) {
		subject->host.hostname = subject->host.node = slice_str(value);
		return true;
	}
	return set_text(&subject->login, name, value) || set_number(&subject->login, name, value);
}

static void answer(char kind, const char *text, size_t len)
{
	putchar(kind);
	fwrite(text, 1, len, stdout);
	putchar('\0');
}

static void expand(const char *text, enum template_language language,
		   const struct template_env *env, const struct subject *subject)
{
	struct template *template = NULL;
	struct error error = {0};
	struct buf out;

	if (template_compile(text, language, "stdin", env, &template, &error) < 0) {
		answer('?', error.text, strlen(error.text));
		return;
	}
	buf_init(&out, 1 << 20);
	if (template_expand(template, &subject->login, &subject->host, &out, NULL, 0, NULL,
			    &error) < 0)
		answer('!', error.text, strlen(error.text));
	else
		answer('=', buf_str(&out), out.len);
	buf_release(&out);
	template_free(&template);
}

int main(int argc, char **argv)
{
	struct template_env env = {.strict = true};
	struct subject subject = {0};
	enum template_language language;
	char *text = NULL;
	size_t size = 0;

	if (argc < 3)
		return 64;
	language = strcmp(argv[1], "v24") == 0 ? TEMPLATE_V24 : TEMPLATE_V23;
	env.dovecot_version = argv[2];
	for (int i = 3; i < argc; i++)
		if (!set_field(&subject, argv[i]))
			return 64;
	while (getdelim(&text, &size, '\0', stdin) > 0)
		expand(text, language, &env, &subject);
	free(text);
	return 0;
}
