/* SPDX-License-Identifier: MIT */
#include "conf/last_login.h"

#include "conf/arena.h"
#include "conf/last_login_rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define STATES_MAX 1024 /* combinations of rules for one service, and targets */

/* What the rules applied so far say about a login. */
struct state {
	enum last_login_switch enable;
	const struct last_login_dict *dict;
	const struct last_login_text *key, *precision;
};

static const struct last_login_text default_key = {"last-login/%{user}", {"default", 0}, true};
static const struct last_login_text default_precision = {"s", {"default", 0}, false};

static bool in_list(const char *const *list, struct slice word)
{
	for (; *list; list++) {
		if (slice_is(word, *list))
			return true;
	}
	return false;
}

static struct state first_state(const struct last_login_rules *rules, struct slice service)
{
	static const char *const usual[] = {"imap", "pop3", NULL};
	struct state state = {LAST_LOGIN_OFF, NULL, &default_key, &default_precision};

	if (rules->services)
		state.enable = in_list(rules->services, service) ? LAST_LOGIN_ON : LAST_LOGIN_OFF;
	else if (!rules->any_enabled && in_list(usual, service))
		state.enable = LAST_LOGIN_ON;
	return state;
}

static void state_apply(struct state *state, const struct last_login_rules *rules,
			const struct last_login_rule *rule)
{
	if (rule->enable != LAST_LOGIN_UNSET && rules->any_enabled && !rules->services)
		state->enable = rule->enable;
	if (rule->dict)
		state->dict = rule->dict;
	if (rule->key)
		state->key = rule->key;
	if (rule->precision)
		state->precision = rule->precision;
}

static bool state_equal(const struct state *a, const struct state *b)
{
	return a->enable == b->enable && a->dict == b->dict && a->key == b->key &&
	       a->precision == b->precision;
}

/* A login in that state is recorded. */
static bool state_records(const struct state *state, const struct last_login_rules *rules)
{
	return state->enable == LAST_LOGIN_ON && state->dict != &last_login_no_dict &&
	       (state->dict || !rules->any_dict);
}

/* All states that logins of one service can end in. */
struct states {
	struct state items[STATES_MAX];
	size_t count;
};

static int states_add(struct states *states, const struct state *state)
{
	for (size_t i = 0; i < states->count; i++) {
		if (state_equal(&states->items[i], state))
			return 0;
	}
	if (states->count == STATES_MAX)
		return -E2BIG;
	states->items[states->count++] = *state;
	return 0;
}

/* A rule that depends on addresses may apply or not; one that does not, applies. */
static int states_apply(struct states *states, const struct last_login_rules *rules,
			const struct last_login_rule *rule)
{
	bool always = conf_filter_is_by_service(&rule->filter);
	size_t count = states->count;
	int ret = 0;

	for (size_t i = 0; i < count && ret == 0; i++) {
		struct state state = states->items[i];

		state_apply(&state, rules, rule);
		if (always)
			states->items[i] = state;
		else
			ret = states_add(states, &state);
	}
	return ret;
}

static struct last_login_target *target_find(const struct last_login_conf *conf,
					     const struct state *state)
{
	for (size_t i = 0; i < conf->target_count; i++) {
		struct last_login_target *target = &conf->targets[i];

		if (target->dict == state->dict && target->key == state->key &&
		    target->precision == state->precision)
			return target;
	}
	return NULL;
}

static bool speaks_v24(const struct state *state, const struct last_login_options *options)
{
	if (options->language != LAST_LOGIN_BY_SYNTAX)
		return options->language == LAST_LOGIN_V24;
	return state->key->v24;
}

/* "imap" and "pop3" into "imap, pop3". */
static int target_add_service(struct last_login_conf *conf, struct last_login_target *target,
			      const char *service)
{
	const char *known = target->services;
	size_t len = strlen(service);

	for (; known; known = strstr(known, ", ") ? strstr(known, ", ") + 2 : NULL) {
		if (strncmp(known, service, len) == 0 && (known[len] == ',' || known[len] == '\0'))
			return 0;
	}
	known = target->services;
	target->services = arena_printf(conf->rules->arena, "%s%s%s", known ? known : "",
					known ? ", " : "", service);
	return target->services ? 0 : -ENOMEM;
}

static int target_add(struct last_login_conf *conf, const struct last_login_options *options,
		      const struct state *state, const char *service)
{
	struct last_login_target *target = target_find(conf, state);

	if (!target && conf->target_count == STATES_MAX)
		return -E2BIG;
	if (!target) {
		target = &conf->targets[conf->target_count++];
		*target = (struct last_login_target){
			.dict = state->dict,
			.key = state->key,
			.precision = state->precision,
			.v24 = speaks_v24(state, options),
		};
	}
	return target_add_service(conf, target, service);
}

static int service_read(struct last_login_conf *conf, const struct last_login_options *options,
			struct states *states, const char *service)
{
	const struct last_login_rule *rule;
	int ret = 0;

	states->count = 1;
	states->items[0] = first_state(conf->rules, slice_str(service));
	LL_FOREACH(conf->rules->first, rule) {
		if (ret == 0 && conf_filter_has_service(&rule->filter, slice_str(service)))
			ret = states_apply(states, conf->rules, rule);
	}
	for (size_t i = 0; i < states->count && ret == 0; i++) {
		if (state_records(&states->items[i], conf->rules))
			ret = target_add(conf, options, &states->items[i], service);
	}
	return ret;
}

/* The service that a protocol block is about, or NULL. */
static const char *service_of(const struct last_login_rule *rule)
{
	const char *name = rule->filter.protocol;

	if (!name)
		return NULL;
	name += *name == '!';
	return strcmp(name, "sieve") == 0 ? "managesieve" : name;
}

/* Every service that some word of the configuration tells from the others, then "*". */
static int services_read(struct last_login_conf *conf, const struct last_login_options *options,
			 struct states *states)
{
	static const char *const usual[] = {"imap", "pop3", NULL};
	const char *const *service = conf->rules->services ? conf->rules->services : usual;
	const struct last_login_rule *rule;
	int ret = 0;

	for (; *service && ret == 0; service++)
		ret = service_read(conf, options, states, *service);
	LL_FOREACH(conf->rules->first, rule) {
		if (ret == 0 && !conf->rules->services && service_of(rule))
			ret = service_read(conf, options, states, service_of(rule));
	}
	if (ret == 0 && !conf->rules->services)
		ret = service_read(conf, options, states, "*");
	return ret;
}

static int read_targets(const struct conf_section *root, const struct last_login_options *options,
			struct last_login_conf *conf, struct error *error_r)
{
	struct states *states = malloc(sizeof(*states));
	int ret = -ENOMEM;

	conf->targets = arena_alloc(conf_arena(root), STATES_MAX * sizeof(*conf->targets));
	if (states && conf->targets)
		ret = services_read(conf, options, states);
	free(states);
	if (ret == -E2BIG)
		return error_set(error_r, E2BIG,
				 "%s: the blocks with last_login settings combine in more than %d "
				 "ways; use fewer remote, local and local_name blocks",
				 root->pos.file, STATES_MAX);
	return ret < 0 ? error_set(error_r, ENOMEM, "%s: out of memory", root->pos.file) : 0;
}

int last_login_read(struct conf_section *const *roots, const struct last_login_options *options,
		    struct last_login_conf *conf_r, struct error *error_r)
{
	struct last_login_rules *rules = arena_alloc(conf_arena(*roots), sizeof(*rules));
	struct last_login_conf conf = {.rules = rules};
	int ret;

	if (!rules)
		return error_set(error_r, ENOMEM, "%s: out of memory", (*roots)->pos.file);
	rules->arena = conf_arena(*roots);
	if (options->services && options->services[0])
		rules->services = options->services;
	ret = last_login_rules_read(roots, rules, error_r);
	if (ret == 0)
		ret = read_targets(*roots, options, &conf, error_r);
	if (ret == 0)
		*conf_r = conf;
	return ret;
}

const struct last_login_target *last_login_match(const struct last_login_conf *conf,
						 const struct conf_peer *peer)
{
	struct state state = first_state(conf->rules, peer->service);
	const struct last_login_rule *rule;

	LL_FOREACH(conf->rules->first, rule) {
		if (conf_filter_matches(&rule->filter, peer))
			state_apply(&state, conf->rules, rule);
	}
	return state_records(&state, conf->rules) ? target_find(conf, &state) : NULL;
}
