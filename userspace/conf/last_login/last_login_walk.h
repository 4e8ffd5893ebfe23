/* SPDX-License-Identifier: MIT */
/* Inside of last_login: single settings on the walk through a tree. */
#ifndef DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_WALK_H
#define DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_WALK_H

#include "conf/last_login/last_login_rule.h"

struct last_login_walk {
	struct conf_section *const *roots; /* all; the first one lends its memory */
	struct last_login_rule **rules;	   /* of the tree that is walked */
	struct last_login_rules *all;
	const struct conf_filter *filter;
	bool v23; /* inside plugin { } */
};

/* Where a setting stands: its name may be shorter there. */
enum last_login_place {
	LAST_LOGIN_IN_PLUGIN = 1U << 0,	    /* plugin { } */
	LAST_LOGIN_IN_LAST_LOGIN = 1U << 1, /* last_login { } */
	LAST_LOGIN_IN_FILTER = 1U << 2,	    /* the top level, protocol { }, remote { }... */
};

/* True for a setting that makes a rule in that place. */
bool last_login_is_setting(const char *key, enum last_login_place place);

/* Makes a rule of the setting; other settings are passed over. */
int last_login_set(const struct last_login_walk *walk, struct conf_setting *setting,
		   enum last_login_place place, struct error *error_r);

/* The same for "mail_plugins { last_login = yes }" for
 * "last_login_dict_fields { }" and for "dict NAME { }". */
int last_login_set_plugin(const struct last_login_walk *walk, const struct conf_setting *setting,
			  struct error *error_r);
int last_login_set_fields(const struct last_login_walk *walk, struct conf_section *block,
			  struct error *error_r);
int last_login_set_block(const struct last_login_walk *walk, struct conf_section *block,
			 struct error *error_r);

#endif
