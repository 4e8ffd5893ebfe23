/* SPDX-License-Identifier: MIT */
/*
 * What the configuration and the command line come to: which logins go under which key, with
 * which value, into which dicts. Made once, before anything is attached.
 */
#ifndef DOVETAP_PLAN_PLAN_H
#define DOVETAP_PLAN_PLAN_H

#include <stdbool.h>

#include "audit/audit.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/pack.h"
#include "base/precision.h"
#include "conf/config.h"
#include "login/event.h"
#include "login/geo.h"
#include "login/template/template.h"
#include "plan/purpose.h"
#include "store/dict.h"

struct plan;

struct plan_route {
	struct template *key;
	const char *key_text;
	struct deliver_field *fields; /* of logins */
	size_t field_count;
	enum deliver_purpose purpose;
	enum last_login_source source; /* of its logins */
	const char *services;	       /* whose events it can get: "imap, pop3"; "*" = any other */
	enum precision precision;
	size_t dict; /* index of plan_dict(), its own; see plan_mirror_count() */
};

/* Errors are the operator's: -EINVAL and "file:line: ..." (exit status EX_CONFIG), -ENOMEM. */
int plan_new(const struct config_options *options, struct plan **plan_r, struct error *error_r);

/* The same with the stores of a history that is not kept any more, whose rows are there: for who
 * removes what is known of a user. Those that cannot keep one are left out. */
int plan_new_with_past(const struct config_options *options, struct plan **plan_r,
		       struct error *error_r);

/* The same from a configuration that another process has resolved (conf/config_pack.h): no file is
 * read. -EINVAL for bytes that are none, too. */
int plan_unpack(struct unpack *in, struct plan **plan_r, struct error *error_r);

/* Appends what plan_unpack() needs, after plan_load_audit(). */
void plan_pack(const struct plan *plan, struct buf *out);

void plan_free(struct plan **plan); /* takes NULL, sets NULL */

size_t plan_route_count(const struct plan *plan);
const struct plan_route *plan_route(const struct plan *plan, size_t index);

/* The dicts; the last plan_mirror_count() of them get the logins of all routes (mirror_dicts). */
size_t plan_dict_count(const struct plan *plan);
size_t plan_mirror_count(const struct plan *plan);
bool plan_route_uses(const struct plan *plan, size_t route, size_t dict);

/* A dict of failures has none. */
bool plan_dict_has_logins(const struct plan *plan, size_t dict);
const struct dict_config *plan_dict(const struct plan *plan, size_t index);
/* Rows are there from before at most (plan_new_with_past()). */
bool plan_dict_is_past(const struct plan *plan, size_t index);
/* "redis (dovetap.conf:3)", for people; no secrets. */
const char *plan_dict_name(const struct plan *plan, size_t index);
/* "redis", the second one "redis-2": the same at every start, for file names and metrics. */
const char *plan_dict_id(const struct plan *plan, size_t index);

/* Opens one of the dicts and shows it every key template that leads to it, and made-up logins. */
int plan_dict_open(const struct plan *plan, size_t index, struct dict **dict_r,
		   struct error *error_r);

/* What is not wrong with it, but worth a note: services whose logins it does not take, and what
 * dict_notes() has after a dict_ping(). */
void plan_dict_notes(const struct plan *plan, size_t index, struct dict *dict, dict_note_cb *cb,
		     void *context);

/*
 * Loads the modules that the dicts and the databases of addresses need (base/module.h). Before a
 * sandbox: nothing is loaded in it. Errors: those of dict_load() and geo_load().
 */
int plan_load_modules(const struct plan *plan, struct error *error_r);

/* The route of an event for that purpose, or -1 when it is not recorded. */
int plan_match(const struct plan *plan, const struct login_event *event,
	       enum deliver_purpose purpose);

/* Keys with the service of each. */
struct plan_keys {
	struct slice *keys;
	const char **services;
	size_t count;
	struct buf text;
};

/* Keys of somebody who does not exist, as the routes to the dict for these purposes (1 << enum
 * deliver_purpose) would make them. -ENOMEM; *keys_r is then empty. */
int plan_keys_sample(const struct plan *plan, size_t dict, unsigned int purposes,
		     struct plan_keys *keys_r, struct error *error_r);
void plan_keys_release(struct plan_keys *keys);

/* The template variables of this machine: node is $DOVETAP_NODE, else the kernel's name for it; pod
 * and container are unknown (login/enrich.h). */
struct template_host plan_host(const struct plan *plan);

/* From "dovetap { }". */
const struct dovetap_settings *plan_settings(const struct plan *plan);

/* Where such a setting of dovetap { } stands: "file:line", "--option", or "default". */
const char *plan_setting_place(const struct plan *plan, const char *name);

/* Why the installed doveconf could not read the server's file, so that our own parser did; NULL
 * when it could. */
const char *plan_doveconf_error(const struct plan *plan);

/* True when a template needs the home directory. */
bool plan_wants_home(const struct plan *plan);

/*
 * The audit stream of the settings, or NULL when there is none. It is there once plan_load_audit()
 * was called, which reads the key of the user names with the rights of whoever calls it: -EACCES,
 * -ENOENT, -EINVAL.
 */
int plan_load_audit(struct plan *plan, struct error *error_r);
const struct audit_config *plan_audit(const struct plan *plan);
/* What it would record, also when there is none. */
const struct audit_config *plan_audit_policy(const struct plan *plan);

/*
 * Reads the files of the endpoint for metrics in the same way, each one that a setting names: of
 * enum config_metrics_file, with a NUL behind. Errors name the setting's place.
 */
int plan_load_metrics(struct plan *plan, struct error *error_r);
const struct slice *plan_metrics_files(const struct plan *plan);

/* Does a key or audit_fields want the client's identification (IMAP ID)? */
bool plan_wants_client_id(const struct plan *plan);

/* Does Dovecot keep it (imap_id_retain), as far as its configuration is known? */
bool plan_has_client_id(const struct plan *plan);

/* The databases of the settings, open; *geo_r is NULL when there are none. */
int plan_open_geo(const struct plan *plan, struct geo **geo_r, struct error *error_r);

/* A setting of conf/mask.h, as the login stages have it. */
struct ip_mask plan_mask(const char *setting);

/* True when a template or the audit stream needs what login/enrich.h finds out. */
bool plan_wants_container(const struct plan *plan);

#endif
