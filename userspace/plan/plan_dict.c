/* SPDX-License-Identifier: MIT */
/* The dicts of a plan: from the configuration to what a driver is opened with. */
#include <errno.h>
#include <stdlib.h>

#include "conf/arena.h"
#include "plan/plan_expand.h"

#define EMBEDDED_DICT "sqlite:path=%s/last-login.db"

static size_t count_words(const char *const *words)
{
	size_t count = 0;

	while (words && words[count])
		count++;
	return count;
}

int plan_dicts_alloc(struct plan *plan, size_t routes, struct error *error_r)
{
	size_t count = routes + count_words(plan->config.settings.mirror_dicts);

	plan->dicts = calloc(count + 1, sizeof(*plan->dicts));
	return plan->dicts ? 0 : plan_no_memory(error_r);
}

void plan_dicts_free(struct plan *plan)
{
	free(plan->dicts);
}

static int embedded_dict(struct plan *plan, struct dict_config *dict, struct error *error_r)
{
	dict->uri = arena_printf(plan_texts(plan), EMBEDDED_DICT, plan->config.settings.state_dir);
	dict->where = "default";
	return dict->uri ? 0 : plan_no_memory(error_r);
}

/*
 * Behind Dovecot's dict server the store itself is the better target: there the newest login wins
 * and the address goes with it.
 */
static bool goes_direct(const struct plan *plan, const struct last_login_dict *source)
{
	return plan->config.settings.dict_via == DOVETAP_DICT_DIRECT &&
	       (source->backend_block || source->backend_uri);
}

/* Which dicts Dovecot's own server has is known when the file with them was read. */
static bool knows_dicts(const struct plan *plan)
{
	const struct conf_section *own = plan->config.own;

	return plan->config.server || conf_section_find(own, "dict", "") ||
	       conf_section_find(own, "dict_server", "");
}

/* Somebody else's server listens on a socket of its own. */
static bool asks_dovecot(const struct last_login_dict *source)
{
	return source->proxy_name &&
	       (source->uri
			? !strchr(source->uri, '/')
			: !strchr(conf_setting_value(source->block, "dict_proxy_socket_path", ""),
				  '/'));
}

static int check_name(const struct plan *plan, const struct last_login_dict *source,
		      struct error *error_r)
{
	if (!asks_dovecot(source) || source->backend_block || source->backend_uri ||
	    !knows_dicts(plan))
		return 0;
	return error_set(
		error_r, EINVAL,
		"%s: there is no dict \"%s\": Dovecot's dict server would refuse it; dict { "
		"%s = driver:... } would be right, or dict_server { dict %s { } } in 2.4",
		plan_place(plan, &source->pos), source->proxy_name, source->proxy_name,
		source->proxy_name);
}

static int configured_dict(struct plan *plan, const struct last_login_dict *source,
			   struct plan_dict *dict, struct error *error_r)
{
	bool direct = goes_direct(plan, source);
	int ret = check_name(plan, source, error_r);

	if (ret < 0)
		return ret;
	dict->config.uri = direct ? source->backend_uri : source->uri;
	dict->config.block = direct ? source->backend_block : source->block;
	dict->config.where = plan_place(plan, direct ? &source->backend_pos : &source->pos);
	if (!dict->config.where)
		return plan_no_memory(error_r);
	if (dict->config.block)
		return plan_expand_block(plan, dict, !direct, error_r);
	/* The dict server of 2.3 takes "dict { name = uri }" as it is. */
	return direct ? 0 : plan_expand_uri(plan, dict, error_r);
}

/* Map files hold passwords, so they are often closed to the collector: they are read here. */
static int read_map(struct plan *plan, struct plan_dict *dict, struct error *error_r)
{
	const char *path = dict_map_path(dict->config.uri);
	int ret = path ? config_map(&plan->config, path, &dict->config.map, error_r) : 0;

	if (ret == 0 || ret == -ENOMEM)
		return ret;
	if (dict->config.where)
		error_prefix(error_r, "%s", dict->config.where);
	return -EINVAL;
}

static struct slice driver_of(const struct plan_dict *dict)
{
	const char *name = dict->config.uri ? dict->config.uri : dict->config.block->name;

	return (struct slice){name, strcspn(name, ":/")};
}

static unsigned int count_same_kind(const struct plan *plan, const struct plan_dict *last)
{
	unsigned int count = 0;

	for (const struct plan_dict *dict = plan->dicts; dict <= last; dict++)
		count += slice_equal(driver_of(dict), driver_of(last)) &&
			 dict->config.table == last->config.table;
	return count;
}

/* "sqlite", "sqlite-2", "sqlite-last_failure": that there are failures, too, renames no other. */
static int name_dict(struct plan *plan, struct plan_dict *dict, struct error *error_r)
{
	struct arena *texts = plan_texts(plan);
	struct slice driver = driver_of(dict);
	unsigned int nth = count_same_kind(plan, dict);
	const char *table = dict->config.table;
	const char *kind = arena_printf(texts, "%.*s%s%s", (int)driver.len, driver.ptr,
					table ? "-" : "", table ? table : "");

	dict->name = arena_printf(texts, "%.*s (%s%s%s)", (int)driver.len, driver.ptr,
				  dict->config.where, table ? ", " : "", table ? table : "");
	dict->id = nth > 1 && kind ? arena_printf(texts, "%s-%u", kind, nth) : kind;
	return dict->name && dict->id ? 0 : plan_no_memory(error_r);
}

static struct plan_dict *next_dict(struct plan *plan, const struct last_login_dict *source)
{
	const struct dovetap_settings *settings = &plan->config.settings;
	struct plan_dict *dict = &plan->dicts[plan->dict_count++];

	dict->source = source;
	dict->config.root = plan_server_root(plan);
	dict->config.base_dir = conf_setting_value(dict->config.root, "base_dir", "/run/dovecot");
	dict->config.dovecot_version = settings->dovecot_version;
	dict->config.expire_secs = (int64_t)(settings->expire_after / 1000);
	dict->config.strict = settings->compat == DOVETAP_COMPAT_STRICT;
	return dict;
}

static int finish_dict(struct plan *plan, struct plan_dict *dict, struct error *error_r)
{
	int ret = read_map(plan, dict, error_r);

	return ret < 0 ? ret : name_dict(plan, dict, error_r);
}

static const char *const tables[DELIVER_PURPOSES] = {
	[DELIVER_LOGIN] = NULL,
	[DELIVER_AUTH] = "last_auth",
	[DELIVER_FAILURE] = "last_failure",
	[DELIVER_HISTORY] = HISTORY_LOGINS,
	[DELIVER_FAILURE_HISTORY] = HISTORY_FAILURES,
};

/* The table that is one dict for that purpose; NULL: it takes all that have none. */
static const char *table_for(const struct dict_config *dict, enum deliver_purpose purpose)
{
	return dict_is_embedded(dict) || deliver_is_history(purpose) ? tables[purpose] : NULL;
}

static bool serves(const struct plan_dict *dict, const struct last_login_dict *source,
		   enum deliver_purpose purpose)
{
	return dict->source == source && dict->config.table == table_for(&dict->config, purpose);
}

static void set_history(struct plan *plan, struct plan_dict *dict, enum deliver_purpose purpose)
{
	const char *name = purpose == DELIVER_HISTORY ? "history" : "history_failures";
	const char *place = plan_setting_place(plan, name);

	dict->config.history = plan_history(plan, purpose);
	if (dict->config.history > 0)
		dict->config.history_where = arena_printf(plan_texts(plan), "%s (%s)", name, place);
	else if (deliver_is_history(purpose))
		dict->config.history = HISTORY_MAX;
}

bool plan_dict_is_past(const struct plan *plan, size_t index)
{
	const struct dict_config *dict = &plan->dicts[index].config;

	return dict->history > 0 && !dict->history_where;
}

/* A store that keeps no history is a mistake of who asks for one, but not of who forgets a user. */
static int drop_dict(struct plan *plan, struct plan_dict *dict)
{
	*dict = (struct plan_dict){0};
	plan->dict_count--;
	return -ENODATA;
}

int plan_dicts_find(struct plan *plan, const struct last_login_dict *source,
		    enum deliver_purpose purpose, size_t *index_r, struct error *error_r)
{
	struct plan_dict *dict;
	int ret;

	for (size_t i = 0; i < plan->dict_count; i++) {
		if (serves(&plan->dicts[i], source, purpose)) {
			*index_r = i;
			return 0;
		}
	}
	*index_r = plan->dict_count;
	dict = next_dict(plan, source);
	ret = source ? configured_dict(plan, source, dict, error_r)
		     : embedded_dict(plan, &dict->config, error_r);
	if (ret == 0)
		dict->config.table = table_for(&dict->config, purpose);
	if (ret == 0)
		set_history(plan, dict, purpose);
	if (ret == 0 && plan_dict_is_past(plan, *index_r) && !dict_keeps_history(&dict->config))
		return drop_dict(plan, dict);
	return ret < 0 ? ret : finish_dict(plan, dict, error_r);
}

int plan_dicts_add_mirrors(struct plan *plan, struct error *error_r)
{
	const char *const *uri = plan->config.settings.mirror_dicts;
	int ret = 0;

	for (; uri && *uri && ret == 0; uri++) {
		struct plan_dict *dict = next_dict(plan, NULL);

		dict->config.uri = *uri;
		dict->config.where = "mirror_dicts";
		plan->mirror_count++;
		ret = plan_expand_mirror(plan, dict, error_r);
		if (ret == 0)
			ret = finish_dict(plan, dict, error_r);
	}
	return ret;
}
