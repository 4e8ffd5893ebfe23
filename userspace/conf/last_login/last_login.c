/* SPDX-License-Identifier: MIT */
#include "conf/last_login/last_login.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "conf/arena.h"
#include "conf/last_login/last_login_rule.h"
#include "conf/last_login/last_login_state.h"

#define STATES_MAX 1024 /* combinations of rules for one service, and targets */

/* All states that logins of one service can end in. */
struct states {
	struct last_login_state items[STATES_MAX];
	size_t count;
};

static int states_add(struct states *states, const struct last_login_state *state)
{
	for (size_t i = 0; i < states->count; i++) {
		if (last_login_state_equal(&states->items[i], state))
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
		struct last_login_state state = states->items[i];

		last_login_state_apply(&state, rules, rule);
		if (always)
			states->items[i] = state;
		else
			ret = states_add(states, &state);
	}
	return ret;
}

static bool target_is_of(const struct last_login_target *target,
			 const struct last_login_state *state)
{
	return target->dict == state->dict && target->key == state->key &&
	       target->precision == state->precision && target->source == state->source &&
	       target->auth_key == last_login_key_or_none(state->auth_key) &&
	       target->failure_key == last_login_key_or_none(state->failure_key) &&
	       target->fields == state->fields &&
	       target->logins == (state->enable == LAST_LOGIN_ON);
}

static struct last_login_target *target_find(const struct last_login_conf *conf,
					     const struct last_login_state *state)
{
	for (size_t i = 0; i < conf->target_count; i++) {
		if (target_is_of(&conf->targets[i], state))
			return &conf->targets[i];
	}
	return NULL;
}

bool last_login_speaks_v24(const struct last_login_conf *conf, const struct last_login_text *key)
{
	if (conf->language != LAST_LOGIN_BY_SYNTAX)
		return conf->language == LAST_LOGIN_V24;
	return key->v24;
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

static int target_add(struct last_login_conf *conf, const struct last_login_state *state,
		      const char *service)
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
			.source = state->source,
			.auth_key = last_login_key_or_none(state->auth_key),
			.failure_key = last_login_key_or_none(state->failure_key),
			.fields = state->fields,
			.logins = state->enable == LAST_LOGIN_ON,
			.v24 = last_login_speaks_v24(conf, state->key),
		};
	}
	return target_add_service(conf, target, service);
}

static int service_read(struct last_login_conf *conf, struct states *states, const char *service)
{
	const struct last_login_rule *rule;
	int ret = 0;

	states->count = 1;
	states->items[0] = last_login_state_first(conf->rules, slice_str(service));
	LL_FOREACH(conf->rules->first, rule) {
		if (ret == 0 && conf_filter_has_service(&rule->filter, slice_str(service)))
			ret = states_apply(states, conf->rules, rule);
	}
	for (size_t i = 0; i < states->count && ret == 0; i++) {
		if (last_login_state_records(&states->items[i], conf->rules))
			ret = target_add(conf, &states->items[i], service);
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

/* Every service that the configuration distinguishes from the others, then "*". */
static int services_read(struct last_login_conf *conf, struct states *states)
{
	static const char *const usual[] = {"imap", "pop3", NULL};
	const char *const *service = conf->rules->services ? conf->rules->services : usual;
	const struct last_login_rule *rule;
	int ret = 0;

	for (; *service && ret == 0; service++)
		ret = service_read(conf, states, *service);
	LL_FOREACH(conf->rules->first, rule) {
		if (ret == 0 && !conf->rules->services && service_of(rule))
			ret = service_read(conf, states, service_of(rule));
	}
	if (ret == 0 && !conf->rules->services)
		ret = service_read(conf, states, "*");
	return ret;
}

static int read_targets(const struct conf_section *root, struct last_login_conf *conf,
			struct error *error_r)
{
	struct states *states = malloc(sizeof(*states));
	int ret = -ENOMEM;

	conf->targets = arena_alloc(conf_arena(root), STATES_MAX * sizeof(*conf->targets));
	if (states && conf->targets)
		ret = services_read(conf, states);
	free(states);
	if (ret == -E2BIG)
		return error_set(error_r, E2BIG,
				 "%s: the blocks with last_login settings combine in more than %d "
				 "ways; use fewer remote, local and local_name blocks",
				 root->pos.file, STATES_MAX);
	return ret < 0 ? conf_error(&root->pos, error_r, ENOMEM, "out of memory") : 0;
}

int last_login_read(struct conf_section *const *roots, const struct last_login_options *options,
		    struct last_login_conf *conf_r, struct error *error_r)
{
	struct last_login_rules *rules = arena_alloc(conf_arena(*roots), sizeof(*rules));
	struct last_login_conf conf = {.rules = rules, .language = options->language};
	int ret;

	if (!rules)
		return conf_error(&(*roots)->pos, error_r, ENOMEM, "out of memory");
	rules->arena = conf_arena(*roots);
	if (options->services && options->services[0])
		rules->services = options->services;
	ret = last_login_rules_read(roots, rules, error_r);
	if (ret == 0)
		ret = read_targets(*roots, &conf, error_r);
	if (ret == 0)
		*conf_r = conf;
	return ret;
}

const struct last_login_target *last_login_match(const struct last_login_conf *conf,
						 const struct conf_peer *peer)
{
	struct last_login_state state = last_login_state_first(conf->rules, peer->service);
	const struct last_login_rule *rule;

	LL_FOREACH(conf->rules->first, rule) {
		if (conf_filter_matches(&rule->filter, peer))
			last_login_state_apply(&state, conf->rules, rule);
	}
	return last_login_state_records(&state, conf->rules) ? target_find(conf, &state) : NULL;
}

enum last_login_source last_login_source(const struct last_login_target *target)
{
	const char *const *word = last_login_source_words;

	while (strcmp(*word, target->source->text) != 0)
		word++;
	return (enum last_login_source)(word - last_login_source_words);
}
