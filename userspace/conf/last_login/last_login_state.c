/* SPDX-License-Identifier: MIT */
#include "conf/last_login/last_login_state.h"

static const struct last_login_text default_key = {"last-login/%{user}", {"default", 0}, true};
static const struct last_login_text default_precision = {"s", {"default", 0}, false};
static const struct last_login_text default_source = {"mail_user", {"default", 0}, false};

static bool in_list(const char *const *list, struct slice word)
{
	for (; *list; list++) {
		if (slice_is(word, *list))
			return true;
	}
	return false;
}

struct last_login_state last_login_state_first(const struct last_login_rules *rules,
					       struct slice service)
{
	static const char *const usual[] = {"imap", "pop3", NULL};
	struct last_login_state state = {
		.enable = LAST_LOGIN_OFF,
		.key = &default_key,
		.precision = &default_precision,
		.source = &default_source,
	};

	if (rules->services)
		state.enable = in_list(rules->services, service) ? LAST_LOGIN_ON : LAST_LOGIN_OFF;
	else if (!rules->any_enabled && in_list(usual, service))
		state.enable = LAST_LOGIN_ON;
	return state;
}

/* "protocol smtp { last_login_source = auth }" has smtp recorded: what else could it mean? */
static bool names_a_service(const struct last_login_rule *rule)
{
	return rule->source && rule->filter.protocol && rule->filter.protocol[0] != '!';
}

static void apply_enable(struct last_login_state *state, const struct last_login_rules *rules,
			 const struct last_login_rule *rule)
{
	if (rules->services)
		return;
	if (rule->enable != LAST_LOGIN_UNSET && rules->any_enabled)
		state->enable = rule->enable;
	if (names_a_service(rule))
		state->enable = LAST_LOGIN_ON;
}

#define TAKE(member)                                                                               \
	if (rule->member)                                                                          \
	state->member = rule->member

void last_login_state_apply(struct last_login_state *state, const struct last_login_rules *rules,
			    const struct last_login_rule *rule)
{
	apply_enable(state, rules, rule);
	TAKE(dict);
	TAKE(key);
	TAKE(precision);
	TAKE(source);
	TAKE(auth_key);
	TAKE(failure_key);
	TAKE(fields);
}

bool last_login_state_equal(const struct last_login_state *a, const struct last_login_state *b)
{
	return a->enable == b->enable && a->dict == b->dict && a->key == b->key &&
	       a->precision == b->precision && a->source == b->source &&
	       a->auth_key == b->auth_key && a->failure_key == b->failure_key &&
	       a->fields == b->fields;
}

const struct last_login_text *last_login_key_or_none(const struct last_login_text *key)
{
	return key && key->text[0] ? key : NULL;
}

bool last_login_state_records(const struct last_login_state *state,
			      const struct last_login_rules *rules)
{
	bool wanted = state->enable == LAST_LOGIN_ON;

	if (!rules->services)
		wanted |= last_login_key_or_none(state->auth_key) ||
			  last_login_key_or_none(state->failure_key);
	return wanted && state->dict != &last_login_no_dict && (state->dict || !rules->any_dict);
}
