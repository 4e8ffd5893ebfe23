/* SPDX-License-Identifier: MIT */
#include "plan/plan_expand.h"

#include <errno.h>
#include <string.h>

#include "conf/arena.h"

#define TEXT_MAX 65536

/* A setting whose value is expanded. */
struct subject {
	struct plan *plan;
	struct plan_dict *dict;
	enum template_language language;
	const char *where, *setting;
	bool by_login;	/* read for each login, so that a prefix may depend on it */
	bool is_prefix; /* of keys */
	bool is_secret;
};

static bool is_same_for_all(const char *variable)
{
	return strcmp(variable, "hostname") == 0 || strcmp(variable, "node") == 0;
}

/* A variable of the template that depends on the login, or NULL. */
static const char *login_variable(const struct template *template)
{
	const char *const *name = template_variables(template);

	while (*name && is_same_for_all(*name))
		name++;
	return *name;
}

static int no_login(const struct subject *subject, const char *variable, struct error *error_r)
{
	return error_set(error_r, EINVAL,
			 "%s: %s: %%{%s} depends on the login, but one connection serves all; only "
			 "%slast_login_key may hold it",
			 subject->where, subject->setting, variable,
			 subject->by_login ? "the prefix of keys in Redis, memcached and fs:, or "
					   : "");
}

/* Of a prefix with variables: what is before the first one, up to its last "/", and the rest. */
static int split_prefix(const struct subject *subject, const char *text, const char **text_r,
			struct error *error_r)
{
	size_t len = strcspn(text, "%");

	while (len > 0 && text[len - 1] != '/')
		len--;
	if (len == 0 && strncmp(subject->setting, "fs_", 3) == 0)
		return error_set(error_r, EINVAL,
				 "%s: %s: the directory must begin the same for all logins",
				 subject->where, subject->setting);
	subject->dict->prefix = (struct plan_prefix){
		.text = arena_strdup(plan_texts(subject->plan), text + len),
		.language = subject->language,
		.where = subject->where,
		.setting = subject->setting,
	};
	*text_r = arena_strndup(plan_texts(subject->plan), text, len);
	return *text_r && subject->dict->prefix.text ? 0 : plan_no_memory(error_r);
}

static int expand_constant(const struct subject *subject, const struct template *template,
			   const char **text_r, struct error *error_r)
{
	const struct template_host host = plan_host(subject->plan);
	struct login login = {0};
	struct buf out;
	int ret;

	buf_init(&out, TEXT_MAX);
	ret = template_expand(template, &login, &host, &out, NULL, 0, NULL, error_r);
	if (ret < 0)
		error_prefix(error_r, "%s: %s", subject->where, subject->setting);
	else if (!(*text_r = arena_strdup(plan_texts(subject->plan), buf_str(&out))))
		ret = plan_no_memory(error_r);
	buf_release(&out);
	return ret;
}

static int expand(const struct subject *subject, const char *text, const char **text_r,
		  struct error *error_r)
{
	const struct template_env env = {
		.setting = subject->setting,
		.dovecot_version = subject->plan->config.settings.dovecot_version,
		.strict = subject->plan->config.settings.compat == DOVETAP_COMPAT_STRICT,
	};
	struct template *template = NULL;
	int ret;

	*text_r = text;
	if (!strchr(text, '%'))
		return 0;
	ret = template_compile(text, subject->language, subject->where, &env, &template, error_r);
	if (ret == -EINVAL && subject->is_secret) /* without its words */
		return error_set(error_r, EINVAL,
				 "%s: %s: a password with a \"%%\" that begins no variable; "
				 "\"%%%%\" is a percent sign",
				 subject->where, subject->setting);
	if (ret < 0)
		return ret;
	if (!login_variable(template))
		ret = expand_constant(subject, template, text_r, error_r);
	else if (subject->is_prefix)
		ret = split_prefix(subject, text, text_r, error_r);
	else
		ret = no_login(subject, login_variable(template), error_r);
	template_free(&template);
	return ret;
}

/* --- 2.3 ------------------------------------------------------------------------------------- */

/* Up to the ":" that ends the word; none inside of %{ }. */
static size_t word_len(const char *text)
{
	size_t len = 0;
	int depth = 0;

	for (; text[len] != '\0' && (text[len] != ':' || depth > 0); len++) {
		if (text[len] == '{' && (depth > 0 || (len > 0 && text[len - 1] == '%')))
			depth++;
		else if (text[len] == '}' && depth > 0)
			depth--;
	}
	return len;
}

static int put_word(struct subject *subject, const char *word, struct buf *out,
		    struct error *error_r)
{
	const char *equals = strchr(word, '='), *value = equals ? equals + 1 : word;
	int ret;

	subject->is_prefix = subject->by_login && strncmp(word, "prefix=", 7) == 0;
	subject->is_secret = strncasecmp(word, "password", 8) == 0;
	ret = expand(subject, value, &value, error_r);
	buf_append(out, word, equals ? (size_t)(equals + 1 - word) : 0);
	buf_append_str(out, value ? value : "");
	return ret;
}

static int put_words(struct subject *subject, const char *rest, struct buf *out,
		     struct error *error_r)
{
	int ret = 0;

	while (ret == 0) {
		size_t len = word_len(rest);
		char *word = arena_strndup(plan_texts(subject->plan), rest, len);

		ret = word ? put_word(subject, word, out, error_r) : plan_no_memory(error_r);
		rest += len;
		if (*rest == '\0')
			break;
		buf_append_char(out, *rest++);
	}
	return ret;
}

static int expand_uri(struct subject *subject, struct error *error_r)
{
	struct dict_config *config = &subject->dict->config;
	struct buf out;
	int ret;

	if (!strchr(config->uri, '%'))
		return 0;
	buf_init(&out, TEXT_MAX);
	ret = put_words(subject, config->uri, &out, error_r);
	if (ret == 0 && !(config->uri = arena_strdup(plan_texts(subject->plan), buf_str(&out))))
		ret = plan_no_memory(error_r);
	if (ret == 0 && out.failed)
		ret = plan_no_memory(error_r);
	buf_release(&out);
	return ret;
}

int plan_expand_uri(struct plan *plan, struct plan_dict *dict, struct error *error_r)
{
	bool is_fs = strncmp(dict->config.uri, "fs:", 3) == 0;
	struct subject subject = {
		.plan = plan,
		.dict = dict,
		.language = TEMPLATE_V23,
		.where = dict->config.where,
		.setting = is_fs ? "fs_prefix" : "last_login_dict",
		.by_login = true,
	};

	return expand_uri(&subject, error_r);
}

int plan_expand_mirror(struct plan *plan, struct plan_dict *dict, struct error *error_r)
{
	struct subject subject = {
		.plan = plan,
		.dict = dict,
		.language = TEMPLATE_V23,
		.where = plan_setting_place(plan, "mirror_dicts"),
		.setting = "mirror_dicts",
	};

	return expand_uri(&subject, error_r);
}

/* --- 2.4 ------------------------------------------------------------------------------------- */

static bool has_variables(const struct conf_section *block)
{
	const struct conf_setting *setting;
	const struct conf_section *child;
	bool has = false;

	for (setting = block->settings; setting && !has; setting = setting->next)
		has = strchr(setting->value, '%') != NULL;
	for (child = block->sections; child && !has; child = child->next)
		has = has_variables(child);
	return has;
}

static int copy_setting(struct subject *subject, struct conf_section *to,
			const struct conf_setting *from, struct error *error_r)
{
	struct conf_setting *copy;
	const char *value;
	int ret;

	subject->setting = from->key;
	subject->where = plan_place(subject->plan, &from->pos);
	if (!subject->where)
		return plan_no_memory(error_r);
	subject->is_secret = strstr(from->key, "password") != NULL;
	subject->is_prefix = subject->by_login && (strcmp(from->key, "redis_key_prefix") == 0 ||
						   strcmp(from->key, "fs_posix_prefix") == 0);
	ret = expand(subject, from->value, &value, error_r);
	if (ret < 0)
		return ret;
	copy = conf_setting_add(to, from->key, value, from->pos);
	return copy ? 0 : plan_no_memory(error_r);
}

/* At most CONF_SECTION_DEPTH deep. */
static int copy_inside(struct subject *subject, struct conf_section *to,
		       const struct conf_section *from, struct error *error_r)
{
	const struct conf_setting *setting;
	const struct conf_section *child;
	int ret = 0;

	for (setting = from->settings; setting && ret == 0; setting = setting->next)
		ret = copy_setting(subject, to, setting, error_r);
	for (child = from->sections; child && ret == 0; child = child->next) {
		struct conf_section *copy =
			conf_section_add(to, child->type, child->name, child->pos);

		ret = copy ? copy_inside(subject, copy, child, error_r) : plan_no_memory(error_r);
	}
	return ret;
}

int plan_expand_block(struct plan *plan, struct plan_dict *dict, bool by_login,
		      struct error *error_r)
{
	struct subject subject = {
		.plan = plan,
		.dict = dict,
		.language = TEMPLATE_V24,
		.by_login = by_login,
	};
	const struct conf_section *from = dict->config.block;
	struct conf_section *copy;
	int ret;

	if (!has_variables(from))
		return 0;
	copy = conf_section_apart(from->parent, from->type, from->name, from->pos);
	if (!copy)
		return plan_no_memory(error_r);
	ret = copy_inside(&subject, copy, from, error_r);
	dict->config.block = copy;
	return ret;
}
