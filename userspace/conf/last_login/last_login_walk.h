/* SPDX-License-Identifier: MIT */
/* Inside of last_login: single settings on the walk through a tree. */
#ifndef DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_WALK_H
#define DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_WALK_H

#include "conf/last_login/last_login_rule.h"

struct last_login_walk {
	struct conf_section *root;	  /* that is walked */
	struct last_login_rule **of_tree; /* its rules */
	struct last_login_tree *tree;
	struct last_login_rules *all;
	const struct v24_block *block;
	unsigned int filter;
	bool v23; /* inside plugin { } */
};

/* Is it a setting of last_login, inside or outside of plugin { }? */
bool last_login_is_setting(const char *name, bool in_plugin);

/* Makes a rule of it; other settings are passed over. */
int last_login_set(const struct last_login_walk *walk, const char *name,
		   struct conf_setting *setting, struct error *error_r);

/* The same for "mail_plugins { last_login = yes }", for "last_login_dict_fields { }" and for "dict
 * NAME { }". */
int last_login_set_plugin(const struct last_login_walk *walk, const struct conf_setting *setting,
			  struct error *error_r);
int last_login_set_fields(const struct last_login_walk *walk, struct conf_section *block,
			  struct error *error_r);
int last_login_set_entry(const struct last_login_walk *walk, const struct v24_block *entry,
			 struct error *error_r);

#endif
