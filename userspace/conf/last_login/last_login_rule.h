/* SPDX-License-Identifier: MIT */
/* Inside of last_login: the blocks of a configuration as rules, least specific first. */
#ifndef DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_RULE_H
#define DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_RULE_H

#include <stdint.h>

#include "conf/last_login/last_login.h"
#include "conf/v24/blocks.h"

enum last_login_switch { LAST_LOGIN_UNSET, LAST_LOGIN_OFF, LAST_LOGIN_ON };

/* One setting in one block: of the pointers at most one is set. */
struct last_login_rule {
	struct last_login_rule *next;
	const struct v24_block *block;
	unsigned int filter; /* which logins it is for: index in the rules' filters */
	struct conf_pos pos; /* of the setting */
	unsigned int order;
	enum last_login_switch enable;
	const struct last_login_dict *dict; /* 2.3 */
	const struct v24_block *entry;	    /* 2.4: "dict NAME { }", */
	const struct last_login_tree *tree; /* in this tree */
	const struct last_login_text *key, *precision, *source, *auth_key, *failure_key;
	const struct conf_section *fields;
};

/* A setting of a dict or of what it needs (value), or an entry such as "mysql HOST { }". */
struct last_login_dict_rule {
	const struct v24_block *block; /* that it stands in */
	unsigned int filter;
	unsigned int nth; /* as found */
	const struct v24_value *value;
	const struct v24_block *entry;
};

/* What a tree has about dicts; of two rules the first one wins. */
struct last_login_tree {
	struct conf_section *root;
	bool v24;
	struct last_login_dict_rule *rules;
	size_t count;
};

struct last_login_rules {
	struct last_login_rule *first;
	struct last_login_tree *trees;
	size_t tree_count;
	struct conf_filter *filters; /* all different; the first one asks for nothing */
	size_t filter_count;
	struct arena *arena;	     /* of the first tree */
	const char *const *services; /* see struct last_login_options; NULL = by rules */
	bool any_enabled;	     /* some rule is LAST_LOGIN_ON */
	bool any_dict;		     /* some rule names a dict, or last_login_no_dict */
};

/* A set of filters: those that a login matches. */
#define LAST_LOGIN_WORDS(rules) (((rules)->filter_count + 63) / 64)

static inline bool last_login_has_filter(const uint64_t *filters, unsigned int filter)
{
	return filters[filter / 64] >> filter % 64 & 1;
}

/* "last_login_dict =" with nothing behind it: write nowhere. */
extern const struct last_login_dict last_login_no_dict;

/* By enum last_login_source; ends with NULL. */
extern const char *const last_login_source_words[];

/* Fills all but services; the rules of the trees in the order in which they apply. */
int last_login_rules_read(struct conf_section *const *roots, struct last_login_rules *rules,
			  struct error *error_r);

/* The dict behind a 2.3 URI, in the first tree's memory. */
int last_login_dict_from_uri(struct arena *arena, const struct conf_setting *setting,
			     const struct last_login_dict **dict_r, struct error *error_r);

#endif
