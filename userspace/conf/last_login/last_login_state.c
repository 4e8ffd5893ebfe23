/* SPDX-License-Identifier: MIT */
#include "conf/last_login/last_login_state.h"

#include <string.h>

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
static bool names_a_service(const struct last_login_rules *rules,
			    const struct last_login_rule *rule)
{
	const char *protocol = rules->filters[rule->filter].protocol;

	return rule->source && protocol && protocol[0] != '!';
}

static void apply_enable(struct last_login_state *state, const struct last_login_rules *rules,
			 const struct last_login_rule *rule)
{
	if (rules->services)
		return;
	if (rule->enable != LAST_LOGIN_UNSET && rules->any_enabled)
		state->enable = rule->enable;
	if (names_a_service(rules, rule))
		state->enable = LAST_LOGIN_ON;
}

/*
 * Dovecot 2.4 adds up the entries of all blocks that are for a login, and its plugin writes to none
 * of two. An entry for some logins beside one for all can mean but one thing: it is theirs.
 */
static void apply_entry(struct last_login_state *state, const struct last_login_rule *rule)
{
	const struct v24_block *entry = state->entry;

	if (entry && state->tree == rule->tree) {
		if (rule->filter == 0 && state->entry_filter != 0)
			return;
		if (rule->filter == state->entry_filter &&
		    strcmp(entry->section->name, rule->entry->section->name) != 0)
			state->beside = entry;
		else if (rule->filter != state->entry_filter)
			state->beside = NULL;
	} else {
		state->beside = NULL;
	}
	state->tree = rule->tree;
	state->entry = rule->entry;
	state->entry_filter = rule->filter;
	state->dict = NULL;
}

#define TAKE(member)                                                                               \
	if (rule->member)                                                                          \
	state->member = rule->member

void last_login_state_apply(struct last_login_state *state, const struct last_login_rules *rules,
			    const struct last_login_rule *rule)
{
	apply_enable(state, rules, rule);
	if (rule->dict) {
		state->dict = rule->dict;
		state->entry = state->beside = NULL;
		state->tree = NULL;
	}
	if (rule->entry)
		apply_entry(state, rule);
	TAKE(key);
	TAKE(precision);
	TAKE(source);
	TAKE(auth_key);
	TAKE(failure_key);
	TAKE(fields);
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
	return wanted && state->dict != &last_login_no_dict &&
	       (state->dict || state->entry || !rules->any_dict);
}
