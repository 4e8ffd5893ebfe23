/* SPDX-License-Identifier: MIT */
/* Inside of last_login: the blocks of a configuration as rules, least specific first. */
#ifndef DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_RULE_H
#define DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_RULE_H

#include "conf/last_login/last_login.h"

enum last_login_switch { LAST_LOGIN_UNSET, LAST_LOGIN_OFF, LAST_LOGIN_ON };

/* One setting in one block: of the pointers at most one is set. */
struct last_login_rule {
	struct last_login_rule *next;
	struct conf_filter filter;
	struct conf_pos pos; /* of the setting */
	unsigned int order;
	enum last_login_switch enable;
	const struct last_login_dict *dict;
	const struct last_login_text *key, *precision, *source, *auth_key, *failure_key;
	const struct conf_section *fields;
};

struct last_login_rules {
	struct last_login_rule *first;
	struct arena *arena;	     /* of the first tree */
	const char *const *services; /* see struct last_login_options; NULL = by rules */
	bool any_enabled;	     /* some rule is LAST_LOGIN_ON */
	bool any_dict;		     /* some rule names a dict, or last_login_no_dict */
};

/* "last_login_dict =" with nothing behind it: write nowhere. */
extern const struct last_login_dict last_login_no_dict;

/* By enum last_login_source; ends with NULL. */
extern const char *const last_login_source_words[];

/* Fills first and the two bools; all rules of the trees in the order in which they apply. */
int last_login_rules_read(struct conf_section *const *roots, struct last_login_rules *rules,
			  struct error *error_r);

/* The dict behind a 2.3 URI or a 2.4 block, in the first tree's memory. The name of a proxied
 * dict is looked up in all trees. */
int last_login_dict_from_uri(struct conf_section *const *roots, const struct conf_setting *setting,
			     const struct last_login_dict **dict_r, struct error *error_r);
int last_login_dict_from_block(struct conf_section *const *roots, struct conf_section *block,
			       const struct last_login_dict **dict_r, struct error *error_r);

#endif
