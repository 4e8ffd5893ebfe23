/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "conf/arena.h"
#include "conf/config_pack.h"
#include "login/enrich.h"
#include "login/source.h"
#include "plan/plan_private.h"

static struct plan *plan_alloc(struct error *error_r)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		(void)plan_no_memory(error_r);
	else
		(void)uname(&plan->node); /* cannot fail for a valid pointer (uname(2)) */
	return plan;
}

/* ret is that of reading the configuration. */
static int finish(int ret, struct plan *plan, struct plan **plan_r, struct error *error_r)
{
	if (ret == 0)
		ret = plan_routes_make(plan, error_r);
	if (ret < 0)
		plan_free(&plan);
	else
		*plan_r = plan;
	return ret;
}

static int make(const struct config_options *options, bool past, struct plan **plan_r,
		struct error *error_r)
{
	struct plan *plan = plan_alloc(error_r);

	if (!plan)
		return -ENOMEM;
	plan->past = past;
	return finish(config_load(options, &plan->config, error_r), plan, plan_r, error_r);
}

int plan_new(const struct config_options *options, struct plan **plan_r, struct error *error_r)
{
	return make(options, false, plan_r, error_r);
}

int plan_new_with_past(const struct config_options *options, struct plan **plan_r,
		       struct error *error_r)
{
	return make(options, true, plan_r, error_r);
}

int plan_unpack(struct unpack *in, struct plan **plan_r, struct error *error_r)
{
	struct plan *plan = plan_alloc(error_r);

	if (!plan)
		return -ENOMEM;
	return finish(config_unpack(in, &plan->config, error_r), plan, plan_r, error_r);
}

void plan_pack(const struct plan *plan, struct buf *out)
{
	config_pack(&plan->config, out);
}

void plan_free(struct plan **plan_p)
{
	struct plan *plan = *plan_p;

	if (!plan)
		return;
	plan_routes_free(plan);
	plan_dicts_free(plan);
	pseudonym_free(&plan->audit.policy.pseudonym);
	config_release(&plan->config);
	free(plan);
	*plan_p = NULL;
}

/* --- questions ------------------------------------------------------------------------------ */

size_t plan_route_count(const struct plan *plan)
{
	return plan->route_count;
}

const struct plan_route *plan_route(const struct plan *plan, size_t index)
{
	return &plan->routes[index];
}

size_t plan_dict_count(const struct plan *plan)
{
	return plan->dict_count;
}

size_t plan_mirror_count(const struct plan *plan)
{
	return plan->mirror_count;
}

bool plan_route_uses(const struct plan *plan, size_t route, size_t dict)
{
	return plan->routes[route].dict == dict || (plan->routes[route].purpose == DELIVER_LOGIN &&
						    dict >= plan->dict_count - plan->mirror_count);
}

bool plan_dict_has_logins(const struct plan *plan, size_t dict)
{
	for (size_t i = 0; i < plan->route_count; i++) {
		if (plan_route_uses(plan, i, dict) && plan->routes[i].purpose == DELIVER_LOGIN)
			return true;
	}
	return false;
}

const struct dict_config *plan_dict(const struct plan *plan, size_t index)
{
	return &plan->dicts[index].config;
}

const char *plan_dict_name(const struct plan *plan, size_t index)
{
	return plan->dicts[index].name;
}

const char *plan_dict_id(const struct plan *plan, size_t index)
{
	return plan->dicts[index].id;
}

static int show_fields(const struct plan *plan, const struct plan_route *route, struct dict *dict,
		       struct error *error_r)
{
	int ret = 0;

	if (route->field_count > 0 && !dict_takes_fields(dict))
		return error_set(error_r, EINVAL,
				 "%s: last_login_dict_fields: this dict has columns for times and "
				 "for the variables of the key alone; name them in last_login_key",
				 plan->dicts[route->dict].name);
	for (size_t i = 0; ret == 0 && i < route->field_count; i++)
		ret = dict_check_key(dict, template_variables(route->fields[i].key), error_r);
	return ret;
}

/* What will be written to the dict, for it to refuse. */
static int show_routes(const struct plan *plan, size_t index, struct dict *dict,
		       struct error *error_r)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < plan->route_count; i++) {
		const struct plan_route *route = &plan->routes[i];

		if (deliver_is_history(route->purpose))
			continue; /* its rows are the same everywhere */
		if (plan_route_uses(plan, i, index))
			ret = dict_check_key(dict, template_variables(route->key), error_r);
		if (ret == 0 && plan_route_uses(plan, i, index))
			ret = plan_expect(plan, i, dict, error_r);
		if (ret == 0 && route->dict == index)
			ret = show_fields(plan, route, dict, error_r);
	}
	return ret;
}

int plan_dict_open(const struct plan *plan, size_t index, struct dict **dict_r,
		   struct error *error_r)
{
	struct dict *dict;
	int ret = dict_open(&plan->dicts[index].config, &dict, error_r);

	if (ret < 0)
		return ret;
	ret = show_routes(plan, index, dict, error_r);
	if (ret < 0)
		dict_close(&dict);
	else
		*dict_r = dict;
	return ret;
}

int plan_load_modules(const struct plan *plan, struct error *error_r)
{
	const struct dovetap_settings *settings = plan_settings(plan);
	int ret = geo_load(settings->geoip_country, settings->geoip_asn, error_r);

	for (size_t i = 0; ret == 0 && i < plan->dict_count; i++)
		ret = dict_load(&plan->dicts[i].config, error_r);
	return ret;
}

static struct conf_ip to_conf_ip(const struct login_ip *ip)
{
	struct conf_ip conf_ip = {.family = ip->family};

	memcpy(conf_ip.bytes, ip->bytes, sizeof(conf_ip.bytes));
	return conf_ip;
}

/* Without a name there is no user to record a failure for. */
static bool is_named_failure(const struct login_event *event)
{
	return event->kind == LOGIN_EVENT_FAILURE &&
	       event->login.text[DOVETAP_FIELD_USERNAME].len > 0;
}

static bool takes_login(const struct last_login_target *target, const struct login_event *event)
{
	return target->logins && login_source_takes(last_login_source(target), event);
}

/* True when the target records such an event for that purpose; history: plan_history() of it. */
static bool takes(const struct last_login_target *target, const struct login_event *event,
		  enum deliver_purpose purpose, size_t history)
{
	switch (purpose) {
	case DELIVER_LOGIN:
		return takes_login(target, event);
	case DELIVER_AUTH:
		return target->auth_key && event->kind == LOGIN_EVENT_AUTH;
	case DELIVER_FAILURE:
		return target->failure_key && is_named_failure(event);
	case DELIVER_HISTORY:
		return history > 0 && takes_login(target, event);
	case DELIVER_FAILURE_HISTORY:
		return history > 0 && is_named_failure(event);
	default:
		return false;
	}
}

int plan_match(const struct plan *plan, const struct login_event *event,
	       enum deliver_purpose purpose)
{
	const struct login *login = &event->login;
	const struct conf_peer peer = {
		.service = login_event_service(event),
		.local_name = login->text[DOVETAP_FIELD_LOCAL_NAME],
		.remote = to_conf_ip(&login->remote_ip),
		.local = to_conf_ip(&login->local_ip),
	};
	const struct last_login_conf *conf = &plan->config.last_login;
	const struct last_login_target *target = last_login_match(conf, &peer);

	if (!target || !takes(target, event, purpose, plan_history(plan, purpose)))
		return -1;
	return plan->route_of[target - conf->targets][purpose];
}

static bool route_wants(const struct plan_route *route, const char *variable)
{
	bool wants = plan_template_has(route->key, variable);

	for (size_t i = 0; i < route->field_count && !wants; i++)
		wants = plan_template_has(route->fields[i].key, variable) ||
			plan_template_has(route->fields[i].value, variable);
	return wants;
}

const char *plan_doveconf_error(const struct plan *plan)
{
	const struct error *doveconf_error = &plan->config.doveconf_error;

	return doveconf_error->code ? doveconf_error->text : NULL;
}

static bool wants_variable(const struct plan *plan, const char *variable)
{
	for (size_t i = 0; i < plan->route_count; i++) {
		if (route_wants(&plan->routes[i], variable))
			return true;
	}
	return false;
}

bool plan_wants_home(const struct plan *plan)
{
	return wants_variable(plan, "home") || plan->config.settings.capture_home;
}

bool plan_wants_container(const struct plan *plan)
{
	static const char *const variables[] = {
		"pod", "container", "pod_namespace", "pod_uid", "container_id",
	};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		if (wants_variable(plan, variables[i]))
			return true;
	}
	return plan_audit_wants_container(plan);
}
