/* SPDX-License-Identifier: MIT */
/* From the targets of the configuration to routes: a target can have one for each purpose. */
#include <errno.h>
#include <stdlib.h>

#include "plan/plan_private.h"
#include "store/history.h"

#define EMBEDDED_KEY "last-login/%{service}/%{user}/%{remote_ip}"

static const char *const settings[DELIVER_PURPOSES] = {
	[DELIVER_LOGIN] = "last_login_key",
	[DELIVER_AUTH] = "last_auth_key",
	[DELIVER_FAILURE] = "last_failure_key",
	[DELIVER_HISTORY] = "history",
	[DELIVER_FAILURE_HISTORY] = "history_failures",
};

#define DEFAULT_POS                                                                                \
	{                                                                                          \
		.file = "default"                                                                  \
	}

/* In the language of 2.4. */
static const struct last_login_text history_keys[] = {
	{HISTORY_LOGINS_PREFIX "%{user}", DEFAULT_POS, true},
	{HISTORY_FAILURES_PREFIX "%{user}", DEFAULT_POS, true},
};

size_t plan_history(const struct plan *plan, enum deliver_purpose purpose)
{
	const struct dovetap_settings *from = &plan->config.settings;

	if (!deliver_is_history(purpose))
		return 0;
	return purpose == DELIVER_HISTORY ? from->history : from->history_failures;
}

/* NULL: nothing is recorded for that purpose. */
static const struct last_login_text *key_of(const struct plan *plan,
					    const struct last_login_target *target,
					    enum deliver_purpose purpose)
{
	bool logins = plan->past || (target->logins && plan_history(plan, DELIVER_HISTORY) > 0);
	bool failures = plan->past || plan_history(plan, DELIVER_FAILURE_HISTORY) > 0;
	const struct last_login_text *const keys[DELIVER_PURPOSES] = {
		[DELIVER_LOGIN] = target->logins ? target->key : NULL,
		[DELIVER_AUTH] = target->auth_key,
		[DELIVER_FAILURE] = target->failure_key,
		[DELIVER_HISTORY] = logins ? &history_keys[0] : NULL,
		[DELIVER_FAILURE_HISTORY] = failures ? &history_keys[1] : NULL,
	};

	return keys[purpose];
}

/* The embedded dict has columns for service and address: its default key has both. */
static const char *key_text(const struct last_login_text *key, const struct dict_config *dict)
{
	if (key->pos.line == 0 && strcmp(key->pos.file, "default") == 0 && dict_is_embedded(dict))
		return EMBEDDED_KEY;
	return key->text;
}

/* A key with a variable that has no source would be the same for all users. */
static int check_geo(const struct plan *plan, const struct last_login_text *key,
		     const struct template *template, struct error *error_r)
{
	const struct dovetap_settings *from = &plan->config.settings;
	const char *const *name = template_variables(template);

	for (; *name; name++) {
		if ((strcmp(*name, "country") == 0 && from->geoip_country[0] == '\0') ||
		    (strcmp(*name, "asn") == 0 && from->geoip_asn[0] == '\0'))
			return error_set(error_r, EINVAL,
					 "%s: %%{%s} needs the setting geoip_%s in dovetap { }",
					 plan_place(plan, &key->pos), *name, *name);
	}
	return 0;
}

static struct template_env env_of(const struct plan *plan, const char *setting,
				  const struct plan_prefix *prefix)
{
	return (struct template_env){
		.setting = setting,
		.dovecot_version = plan->config.settings.dovecot_version,
		.strict = plan->config.settings.compat == DOVETAP_COMPAT_STRICT,
		.prefix = prefix->text,
		.prefix_language = prefix->language,
		.prefix_where = prefix->where,
		.prefix_setting = prefix->setting,
	};
}

/* One record for all users, whoever logs in: nobody wants that. In 2.4 "%u" is no variable. */
static int check_literal(const struct plan *plan, const struct plan_route *route,
			 const struct conf_pos *pos, bool v24, struct error *error_r)
{
	static const char *const of_all[] = {"service", "protocol", "hostname", "node"};
	const char *const *name = template_variables(route->key);

	for (; *name; name++) {
		size_t i = 0;

		while (i < sizeof(of_all) / sizeof(of_all[0]) && strcmp(*name, of_all[i]) != 0)
			i++;
		if (i == sizeof(of_all) / sizeof(of_all[0]))
			return 0;
	}
	return error_set(error_r, EINVAL,
			 "%s: %s: \"%s\" names no user in the language of Dovecot %s, so all would "
			 "share one record; last-login/%%{service}/%%{user} would be right",
			 plan_place(plan, pos), settings[route->purpose], route->key_text,
			 v24 ? "2.4" : "2.3");
}

static int compile_key(struct plan *plan, const struct last_login_text *key,
		       struct plan_route *route, struct error *error_r)
{
	const struct template_env env =
		env_of(plan, settings[route->purpose], &plan->dicts[route->dict].prefix);
	bool v24 = last_login_speaks_v24(&plan->config.last_login, key);
	int ret;

	route->key_text = key_text(key, &plan->dicts[route->dict].config);
	ret = template_compile(route->key_text, v24 ? TEMPLATE_V24 : TEMPLATE_V23,
			       plan_place(plan, &key->pos), &env, &route->key, error_r);
	if (ret == 0)
		ret = check_literal(plan, route, &key->pos, v24, error_r);
	return ret < 0 ? ret : check_geo(plan, key, route->key, error_r);
}

/* What stands before the keys of the dict may be another user's, so it is no part of these. */
static int compile_history_key(const struct last_login_text *key, struct plan_route *route,
			       struct error *error_r)
{
	const struct template_env env = {.setting = settings[route->purpose]};

	route->key_text = key->text;
	return template_compile(key->text, TEMPLATE_V24, key->pos.file, &env, &route->key, error_r);
}

static int compile_field(struct plan *plan, const struct conf_setting *setting, const char *text,
			 const struct plan_prefix *prefix, struct template **template_r,
			 struct error *error_r)
{
	const struct last_login_text place = {text, setting->pos, true};
	const struct template_env env = env_of(plan, "last_login_dict_fields", prefix);
	bool v24 = last_login_speaks_v24(&plan->config.last_login, &place);
	int ret = template_compile(text, v24 ? TEMPLATE_V24 : TEMPLATE_V23,
				   plan_place(plan, &setting->pos), &env, template_r, error_r);

	return ret < 0 ? ret : check_geo(plan, &place, *template_r, error_r);
}

static int make_fields(struct plan *plan, const struct conf_section *block,
		       struct plan_route *route, struct error *error_r)
{
	const struct conf_setting *setting;
	size_t count = 0;
	int ret = 0;

	for (setting = block->settings; setting; setting = setting->next)
		count++;
	route->fields = calloc(count + 1, sizeof(*route->fields));
	if (!route->fields)
		return plan_no_memory(error_r);
	for (setting = block->settings; setting && ret == 0; setting = setting->next) {
		struct deliver_field *field = &route->fields[route->field_count++];

		ret = compile_field(plan, setting, setting->key, &plan->dicts[route->dict].prefix,
				    &field->key, error_r);
		if (ret == 0)
			ret = compile_field(plan, setting, setting->value, &(struct plan_prefix){0},
					    &field->value, error_r);
	}
	return ret;
}

static int make_route(struct plan *plan, const struct last_login_target *target,
		      enum deliver_purpose purpose, struct error *error_r)
{
	const struct last_login_text *key = key_of(plan, target, purpose);
	struct plan_route *route = &plan->routes[plan->route_count++];
	int ret;

	route->purpose = purpose;
	route->source = last_login_source(target);
	route->services = target->services;
	ret = plan_dicts_find(plan, target->dict, purpose, &route->dict, error_r);
	if (ret == 0)
		ret = deliver_is_history(purpose) ? compile_history_key(key, route, error_r)
						  : compile_key(plan, key, route, error_r);
	if (ret == 0 && precision_parse(target->precision->text, &route->precision) < 0)
		ret = error_set(error_r, EINVAL, "%s: last_login_precision \"%s\": s, ms, us or ns",
				plan_place(plan, &target->precision->pos), target->precision->text);
	if (deliver_is_history(purpose))
		route->precision = PRECISION_NS; /* of the row's time */
	if (ret == 0 && purpose == DELIVER_LOGIN && target->fields)
		ret = make_fields(plan, target->fields, route, error_r);
	return ret;
}

/* Its store never had rows. */
static int drop_route(struct plan *plan, size_t index, enum deliver_purpose purpose)
{
	plan->route_of[index][purpose] = -1;
	plan->routes[--plan->route_count] = (struct plan_route){0};
	return 0;
}

static int make_routes_of(struct plan *plan, size_t index, struct error *error_r)
{
	const struct last_login_target *target = &plan->config.last_login.targets[index];
	int ret = 0;

	for (unsigned int purpose = 0; purpose < DELIVER_PURPOSES && ret == 0; purpose++) {
		plan->route_of[index][purpose] = -1;
		if (!key_of(plan, target, purpose))
			continue;
		plan->route_of[index][purpose] = (int)plan->route_count;
		ret = make_route(plan, target, purpose, error_r);
		if (ret == -ENODATA)
			ret = drop_route(plan, index, purpose);
	}
	return ret;
}

int plan_routes_make(struct plan *plan, struct error *error_r)
{
	size_t targets = plan->config.last_login.target_count, most = targets * DELIVER_PURPOSES;
	int ret = plan_dicts_alloc(plan, most, error_r);

	plan->routes = calloc(most + 1, sizeof(*plan->routes));
	plan->route_of = calloc(targets + 1, sizeof(*plan->route_of));
	if (ret == 0 && (!plan->routes || !plan->route_of))
		return plan_no_memory(error_r);
	for (size_t i = 0; i < targets && ret == 0; i++)
		ret = make_routes_of(plan, i, error_r);
	return ret == 0 ? plan_dicts_add_mirrors(plan, error_r) : ret;
}

static void free_fields(struct plan_route *route)
{
	for (size_t i = 0; i < route->field_count; i++) {
		template_free(&route->fields[i].key);
		template_free(&route->fields[i].value);
	}
	free(route->fields);
}

void plan_routes_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->route_count; i++) {
		template_free(&plan->routes[i].key);
		free_fields(&plan->routes[i]);
	}
	free(plan->routes);
	free(plan->route_of);
}
