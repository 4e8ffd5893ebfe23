/* SPDX-License-Identifier: MIT */
/* What plan.c and plan_dict.c share. */
#ifndef DOVETAP_PLAN_PLAN_PRIVATE_H
#define DOVETAP_PLAN_PLAN_PRIVATE_H

#include <sys/utsname.h>

#include "conf/config.h"
#include "plan/plan.h"

/* What stands before the keys of a dict and depends on the login. */
struct plan_prefix {
	const char *text; /* a template; NULL: nothing */
	enum template_language language;
	const char *where, *setting;
};

struct plan_dict {
	struct dict_config config;
	const struct last_login_dict *source; /* what it was made from; NULL = embedded */
	struct plan_prefix prefix;
	const char *name, *id;
};

struct plan {
	struct config config;
	struct plan_route *routes;
	size_t route_count;
	int (*route_of)[DELIVER_PURPOSES]; /* index in routes or -1, for each target */
	struct plan_dict *dicts;
	size_t dict_count, mirror_count;
	bool past; /* plan_new_with_past() */
	struct utsname node;
	struct audit_config audit; /* target NULL: not loaded */
};

bool plan_audit_wants_container(const struct plan *plan);

struct arena *plan_texts(const struct plan *plan); /* for texts that live as long as the plan */
int plan_no_memory(struct error *error_r);

/* "file:line", or what stands for it. NULL: out of memory. */
const char *plan_place(const struct plan *plan, const struct conf_pos *pos);

/* Does the template use that variable? */
bool plan_template_has(const struct template *template, const char *variable);

/* How many rows of each user are to be kept for that purpose; 0: none, or it is no history. */
size_t plan_history(const struct plan *plan, enum deliver_purpose purpose);

/* Of the server, if its file was read, else of dovetap.conf. */
const struct conf_section *plan_server_root(const struct plan *plan);

/* Room for the dicts of so many routes and for mirror_dicts. */
int plan_dicts_alloc(struct plan *plan, size_t routes, struct error *error_r);
void plan_dicts_free(struct plan *plan);

/* The dict of that source, which routes share; it is added when it is new. The embedded one has a
 * table, and here is another dict, for each purpose; so has any store for each history. -ENODATA:
 * it is not kept, and the store could not have kept it. */
int plan_dicts_find(struct plan *plan, const struct last_login_dict *source,
		    enum deliver_purpose purpose, size_t *index_r, struct error *error_r);

/* plan_sample.c: Dovecot's mail services (what %{service} can be), and Postfix. */
#define PLAN_SERVICE_COUNT 8
extern const char *const plan_services[PLAN_SERVICE_COUNT];

/* A login of whom nothing is known but that; and one with something in every field. */
struct login_event plan_made_up_login(struct slice user, const char *service);
struct login_event plan_sample_login(const char *service);

/* Shows the dict the entries of a route (dict_expect()). -EINVAL when it would take none of them,
 * or one would go wrong. */
int plan_expect(const struct plan *plan, size_t index, struct dict *dict, struct error *error_r);

/* plan_routes.c: from the targets of the configuration to routes. */
int plan_routes_make(struct plan *plan, struct error *error_r);
void plan_routes_free(struct plan *plan);

/* Behind all others: the dicts that every login goes to. */
int plan_dicts_add_mirrors(struct plan *plan, struct error *error_r);

#endif
