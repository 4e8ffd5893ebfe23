/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include "conf/arena.h"
#include "conf/config.h"
#include "conf/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#define EMBEDDED_DICT "sqlite:path=%s/last-login.db"
#define EMBEDDED_KEY  "last-login/%{service}/%{user}/%{remote_ip}"

struct plan {
	struct config config;
	struct plan_route *routes; /* one for each target of the configuration */
	struct dict_config *dicts;
	const struct last_login_dict **sources; /* what each dict was made from; NULL = embedded */
	const char **names, **ids;
	struct conf_section **maps; /* map file of each dict that has one */
	size_t dict_count, also_count;
	struct utsname node;
};

static int no_memory(struct error *error_r)
{
	return error_set(error_r, ENOMEM, "out of memory for the configuration");
}

static struct arena *texts(const struct plan *plan)
{
	return conf_arena(plan->config.own);
}

/* --- dicts ---------------------------------------------------------------------------------- */

static const char *place(const struct plan *plan, const struct conf_pos *pos)
{
	if (pos->line == 0)
		return pos->file;
	return arena_printf(texts(plan), "%s:%u", pos->file, pos->line);
}

static int embedded_dict(struct plan *plan, struct dict_config *dict, struct error *error_r)
{
	dict->uri = arena_printf(texts(plan), EMBEDDED_DICT, plan->config.settings.state_dir);
	dict->where = "default";
	return dict->uri ? 0 : no_memory(error_r);
}

/*
 * Behind Dovecot's dict server the store itself is the better target: there the newest login wins
 * and the address goes with it. Where its map cannot be read, the server is the only way.
 */
static bool goes_direct(const struct plan *plan, const struct last_login_dict *source)
{
	const char *map = dict_map_path(source->backend_uri);

	return plan->config.settings.dict_via == DOVETAP_DICT_DIRECT &&
	       (source->backend_block || (source->backend_uri && (!map || access(map, R_OK) == 0)));
}

/* Map files hold passwords, so they are often closed to the collector: they are read here. */
static int read_map(struct plan *plan, struct dict_config *dict, struct error *error_r)
{
	const char *path = dict_map_path(dict->uri);
	struct conf_section **map = &plan->maps[dict - plan->dicts];
	int ret;

	if (!path)
		return 0;
	ret = conf_parse_file(path, CONF_PARSE_MAP, map, error_r);
	if (ret == 0)
		ret = conf_load_files(*map, error_r);
	dict->map = *map;
	return ret;
}

static int configured_dict(struct plan *plan, const struct last_login_dict *source,
			   struct dict_config *dict, struct error *error_r)
{
	bool direct = goes_direct(plan, source);

	dict->uri = direct ? source->backend_uri : source->uri;
	dict->block = direct ? source->backend_block : source->block;
	dict->where = place(plan, direct ? &source->backend_pos : &source->pos);
	return dict->where ? 0 : no_memory(error_r);
}

static const struct conf_section *server_root(const struct plan *plan)
{
	return plan->config.server ? plan->config.server : plan->config.own;
}

static struct slice driver_of(const struct dict_config *dict)
{
	const char *name = dict->uri ? dict->uri : dict->block->name;

	return (struct slice){name, strcspn(name, ":/")};
}

static unsigned int count_same_driver(const struct plan *plan, size_t index)
{
	struct slice driver = driver_of(&plan->dicts[index]);
	unsigned int count = 0;

	for (size_t i = 0; i <= index; i++)
		count += slice_equal(driver_of(&plan->dicts[i]), driver);
	return count;
}

static int name_dict(struct plan *plan, size_t index, struct error *error_r)
{
	struct slice driver = driver_of(&plan->dicts[index]);
	unsigned int nth = count_same_driver(plan, index);

	plan->names[index] = arena_printf(texts(plan), "%.*s (%s)", (int)driver.len, driver.ptr,
					  plan->dicts[index].where);
	plan->ids[index] =
		nth == 1 ? arena_strndup(texts(plan), driver.ptr, driver.len)
			 : arena_printf(texts(plan), "%.*s-%u", (int)driver.len, driver.ptr, nth);
	return plan->names[index] && plan->ids[index] ? 0 : no_memory(error_r);
}

static struct dict_config *next_dict(struct plan *plan, const struct last_login_dict *source)
{
	struct dict_config *dict = &plan->dicts[plan->dict_count];

	plan->sources[plan->dict_count++] = source;
	dict->base_dir = conf_setting_value(server_root(plan), "base_dir", "/run/dovecot");
	dict->root = server_root(plan);
	dict->dovecot_version = plan->config.settings.dovecot_version;
	dict->strict = plan->config.settings.compat == DOVETAP_COMPAT_STRICT;
	return dict;
}

static int add_dict(struct plan *plan, const struct last_login_dict *source, struct error *error_r)
{
	struct dict_config *dict = next_dict(plan, source);
	int ret;

	ret = source ? configured_dict(plan, source, dict, error_r)
		     : embedded_dict(plan, dict, error_r);
	if (ret == 0)
		ret = read_map(plan, dict, error_r);
	return ret < 0 ? ret : name_dict(plan, plan->dict_count - 1, error_r);
}

/* Behind all others, so that "every login" is the end of the list. */
static int add_also_dicts(struct plan *plan, struct error *error_r)
{
	const char *const *uri = plan->config.settings.also_dicts;
	int ret = 0;

	for (; uri && *uri && ret == 0; uri++) {
		struct dict_config *dict = next_dict(plan, NULL);

		dict->uri = *uri;
		dict->where = "also_dicts";
		plan->also_count++;
		ret = read_map(plan, dict, error_r);
		if (ret == 0)
			ret = name_dict(plan, plan->dict_count - 1, error_r);
	}
	return ret;
}

static size_t count_words(const char *const *words)
{
	size_t count = 0;

	while (words && words[count])
		count++;
	return count;
}

/* Targets that write to the same place share a dict. */
static int find_dict(struct plan *plan, const struct last_login_dict *source, size_t *index_r,
		     struct error *error_r)
{
	for (size_t i = 0; i < plan->dict_count; i++) {
		if (plan->sources[i] == source) {
			*index_r = i;
			return 0;
		}
	}
	*index_r = plan->dict_count;
	return add_dict(plan, source, error_r);
}

/* --- routes --------------------------------------------------------------------------------- */

/* The embedded dict has columns for service and address: its default key has both. */
static const char *key_text(const struct last_login_target *target, const struct dict_config *dict)
{
	if (target->key->pos.line == 0 && strcmp(target->key->pos.file, "default") == 0 &&
	    dict_is_embedded(dict))
		return EMBEDDED_KEY;
	return target->key->text;
}

static int compile_key(struct plan *plan, const struct last_login_target *target,
		       struct plan_route *route, struct error *error_r)
{
	const struct template_env env = {
		.dovecot_version = plan->config.settings.dovecot_version,
		.strict = plan->config.settings.compat == DOVETAP_COMPAT_STRICT,
	};

	route->key_text = key_text(target, &plan->dicts[route->dict]);
	return template_compile(route->key_text, target->v24 ? TEMPLATE_V24 : TEMPLATE_V23,
				place(plan, &target->key->pos), &env, &route->key, error_r);
}

static int make_route(struct plan *plan, size_t index, struct error *error_r)
{
	const struct last_login_target *target = &plan->config.last_login.targets[index];
	struct plan_route *route = &plan->routes[index];
	int ret = find_dict(plan, target->dict, &route->dict, error_r);

	if (ret == 0)
		ret = compile_key(plan, target, route, error_r);
	if (ret == 0 && precision_parse(target->precision->text, &route->precision) < 0)
		ret = error_set(error_r, EINVAL, "%s: last_login_precision \"%s\": s, ms, us or ns",
				place(plan, &target->precision->pos), target->precision->text);
	return ret;
}

/* One of each for every target at most, and the dicts that all of them share. */
static int make_room(struct plan *plan, struct error *error_r)
{
	size_t routes = plan->config.last_login.target_count;
	size_t dicts = routes + count_words(plan->config.settings.also_dicts);

	plan->routes = calloc(routes + 1, sizeof(*plan->routes));
	plan->dicts = calloc(dicts + 1, sizeof(*plan->dicts));
	plan->sources = calloc(dicts + 1, sizeof(*plan->sources));
	plan->names = calloc(dicts + 1, sizeof(*plan->names));
	plan->ids = calloc(dicts + 1, sizeof(*plan->ids));
	plan->maps = calloc(dicts + 1, sizeof(*plan->maps));
	return plan->routes && plan->dicts && plan->sources && plan->names && plan->ids &&
			       plan->maps
		       ? 0
		       : no_memory(error_r);
}

static int make_routes(struct plan *plan, struct error *error_r)
{
	int ret = make_room(plan, error_r);

	for (size_t i = 0; i < plan->config.last_login.target_count && ret == 0; i++)
		ret = make_route(plan, i, error_r);
	return ret == 0 ? add_also_dicts(plan, error_r) : ret;
}

int plan_new(const struct config_options *options, struct plan **plan_r, struct error *error_r)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	int ret;

	if (!plan)
		return no_memory(error_r);
	/* Cannot fail for a valid pointer (uname(2)). */
	(void)uname(&plan->node);
	ret = config_load(options, &plan->config, error_r);
	if (ret == 0)
		ret = make_routes(plan, error_r);
	if (ret < 0)
		plan_free(&plan);
	else
		*plan_r = plan;
	return ret;
}

void plan_free(struct plan **plan_p)
{
	struct plan *plan = *plan_p;

	if (!plan)
		return;
	for (size_t i = 0; plan->routes && i < plan->config.last_login.target_count; i++)
		template_free(&plan->routes[i].key);
	for (size_t i = 0; plan->maps && i < plan->dict_count; i++)
		conf_free(&plan->maps[i]);
	free(plan->maps);
	free(plan->routes);
	free(plan->dicts);
	free(plan->sources);
	free(plan->names);
	free(plan->ids);
	config_release(&plan->config);
	free(plan);
	*plan_p = NULL;
}

/* --- questions ------------------------------------------------------------------------------ */

size_t plan_route_count(const struct plan *plan)
{
	return plan->config.last_login.target_count;
}

const struct plan_route *plan_route(const struct plan *plan, size_t index)
{
	return &plan->routes[index];
}

size_t plan_dict_count(const struct plan *plan)
{
	return plan->dict_count;
}

size_t plan_also_count(const struct plan *plan)
{
	return plan->also_count;
}

bool plan_route_uses(const struct plan *plan, size_t route, size_t dict)
{
	return plan->routes[route].dict == dict || dict >= plan->dict_count - plan->also_count;
}

const struct dict_config *plan_dict(const struct plan *plan, size_t index)
{
	return &plan->dicts[index];
}

const char *plan_dict_name(const struct plan *plan, size_t index)
{
	return plan->names[index];
}

const char *plan_dict_id(const struct plan *plan, size_t index)
{
	return plan->ids[index];
}

int plan_dict_open(const struct plan *plan, size_t index, struct dict **dict_r,
		   struct error *error_r)
{
	struct dict *dict;
	int ret = dict_open(&plan->dicts[index], &dict, error_r);

	if (ret < 0)
		return ret;
	for (size_t i = 0; ret == 0 && i < plan->config.last_login.target_count; i++) {
		if (plan_route_uses(plan, i, index))
			ret = dict_check_key(dict, template_variables(plan->routes[i].key),
					     error_r);
	}
	if (ret < 0)
		dict_close(&dict);
	else
		*dict_r = dict;
	return ret;
}

static struct conf_ip to_conf_ip(const struct login_ip *ip)
{
	struct conf_ip conf_ip = {.family = ip->family};

	memcpy(conf_ip.bytes, ip->bytes, sizeof(conf_ip.bytes));
	return conf_ip;
}

int plan_match(const struct plan *plan, const struct login *login)
{
	const struct conf_peer peer = {
		.service = login->text[DOVETAP_FIELD_SERVICE],
		.local_name = login->text[DOVETAP_FIELD_LOCAL_NAME],
		.remote = to_conf_ip(&login->remote_ip),
		.local = to_conf_ip(&login->local_ip),
	};
	const struct last_login_target *target = last_login_match(&plan->config.last_login, &peer);

	return target ? (int)(target - plan->config.last_login.targets) : -1;
}

struct template_host plan_host(const struct plan *plan)
{
	struct slice node = slice_str(plan->node.nodename);
	const struct conf_setting *hostname = conf_setting_find(server_root(plan), "hostname");

	return (struct template_host){
		.hostname = hostname ? slice_str(hostname->value) : node,
		.node = node,
	};
}

const struct dovetap_settings *plan_settings(const struct plan *plan)
{
	return &plan->config.settings;
}

bool plan_wants_home(const struct plan *plan)
{
	for (size_t i = 0; i < plan->config.last_login.target_count; i++) {
		const char *const *name = template_variables(plan->routes[i].key);

		for (; *name; name++) {
			if (strcmp(*name, "home") == 0)
				return true;
		}
	}
	return plan->config.settings.capture_home;
}
