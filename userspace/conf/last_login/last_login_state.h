/* SPDX-License-Identifier: MIT */
/* Inside of last_login: the result of the rules applied so far to a login. */
#ifndef DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_STATE_H
#define DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_STATE_H

#include "base/slice.h"
#include "conf/last_login/last_login_rule.h"

struct last_login_state {
	enum last_login_switch enable;
	const struct last_login_dict *dict;
	/* Or these: an entry of 2.4, and one beside it where there must not be two. */
	const struct last_login_tree *tree;
	const struct v24_block *entry, *beside;
	unsigned int entry_filter; /* which logins the entry is for */
	const struct last_login_text *key, *precision, *source, *auth_key, *failure_key;
	const struct conf_section *fields;
};

/* That of a service before any rule. */
struct last_login_state last_login_state_first(const struct last_login_rules *rules,
					       struct slice service);

void last_login_state_apply(struct last_login_state *state, const struct last_login_rules *rules,
			    const struct last_login_rule *rule);

/* Something of a login in that state is recorded. */
bool last_login_state_records(const struct last_login_state *state,
			      const struct last_login_rules *rules);

/* NULL for a key that was unset again ("last_failure_key ="). */
const struct last_login_text *last_login_key_or_none(const struct last_login_text *key);

#endif
