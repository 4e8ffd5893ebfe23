/* SPDX-License-Identifier: MIT */
#include "plan/plan_user.h"

#include <errno.h>

#include "plan/plan_private.h"

#define SETTING "auth_username_format"

static const struct conf_setting *find_format(const struct plan *plan)
{
	return plan->config.server ? conf_setting_find(plan->config.server, SETTING) : NULL;
}

static int check_variables(const struct template *template, const char *where,
			   struct error *error_r)
{
	static const char *const known[] = {"user", "username", "domain"};

	for (const char *const *name = template_variables(template); *name; name++) {
		if (strcmp(*name, known[0]) != 0 && strcmp(*name, known[1]) != 0 &&
		    strcmp(*name, known[2]) != 0)
			return error_set(error_r, EINVAL,
					 "%s: " SETTING
					 " needs %%{%s}, which only a login has: how "
					 "Dovecot changes names is not known",
					 where, *name);
	}
	return 0;
}

static int expand(const struct template *template, struct slice user, struct buf *out,
		  struct error *error_r)
{
	struct login login = {.type = DOVETAP_EVENT_MAIL_USER,
			      .present = DOVETAP_BIT(DOVETAP_FIELD_USERNAME)};

	login.text[DOVETAP_FIELD_USERNAME] = user;
	return template_expand(template, &login, NULL, out, NULL, 0, NULL, error_r);
}

int plan_user_normalise(const struct plan *plan, struct slice user, struct buf *out,
			struct error *error_r)
{
	const struct conf_setting *format = find_format(plan);
	const char *where = format ? plan_place(plan, &format->pos) : SETTING;
	const struct template_env env = {.setting = SETTING};
	bool v24 = format && conf_is_v24(plan->config.server);
	struct template *template = NULL;
	int ret;

	if (format && format->value[0] == '\0')
		return buf_append_slice(out, user);
	ret = template_compile(format ? format->value : "%Lu", v24 ? TEMPLATE_V24 : TEMPLATE_V23,
			       where, &env, &template, error_r);
	if (ret == 0)
		ret = check_variables(template, where, error_r);
	if (ret == 0)
		ret = expand(template, user, out, error_r);
	template_free(&template);
	return ret;
}
