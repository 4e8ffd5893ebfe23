/* SPDX-License-Identifier: MIT */
/* The keys under which a user's records may stand: the templates, read backwards. */
#include <errno.h>
#include <stdlib.h>

#include "plan/plan_private.h"

#define TEXT_MAX (1U << 20)
#define PREFIX	 "shared/"

static bool known_without_login(const struct template *key)
{
	static const char *const known[] = {"user",	"username", "domain", "service",
					    "protocol", "hostname", "node"};
	const char *const *name = template_variables(key);

	for (; *name; name++) {
		size_t i = 0;

		while (i < sizeof(known) / sizeof(known[0]) && strcmp(*name, known[i]) != 0)
			i++;
		if (i == sizeof(known) / sizeof(known[0]))
			return false;
	}
	return true;
}

/* Appends the key; slices are set at the end, when the text no longer moves. */
static void add_key(const struct plan *plan, const struct plan_route *route,
		    struct login_event event, const char *service, struct plan_keys *keys)
{
	const struct template_host host = plan_host(plan);
	size_t start = keys->text.len, parts;

	buf_append_str(&keys->text, PREFIX);
	if (template_expand(route->key, &event.login, &host, &keys->text, NULL, 0, &parts, NULL) <
	    0) {
		keys->text.len = start;
		return;
	}
	keys->keys[keys->count].len = keys->text.len - start;
	keys->services[keys->count++] = service;
}

/* For any source: some kind of event of that service has this route. */
static bool has_route(const struct plan *plan, size_t index, struct login_event event)
{
	for (unsigned int kind = 0; kind < LOGIN_EVENT_KINDS; kind++) {
		event.kind = kind;
		if (plan_match(plan, &event, DELIVER_LOGIN) == (int)index)
			return true;
	}
	return false;
}

static bool depends_on_service(const struct template *key)
{
	return plan_template_has(key, "service") || plan_template_has(key, "protocol");
}

/* A key without the service in it is the same for all: one, and nobody knows whose it is. */
static void add_route(const struct plan *plan, size_t index, size_t dict, struct slice user,
		      struct plan_keys *keys)
{
	const struct plan_route *route = plan_route(plan, index);
	bool each, done = false;

	if (!plan_route_uses(plan, index, dict) || !known_without_login(route->key))
		return;
	each = depends_on_service(route->key);
	for (size_t i = 0; i < PLAN_SERVICE_COUNT && !done; i++) {
		struct login_event event = plan_made_up_login(user, plan_services[i]);

		if (!has_route(plan, index, event))
			continue;
		add_key(plan, route, event, each ? plan_services[i] : "", keys);
		done = !each;
	}
}

/* A key that had no room must not go missing: its record would be taken for none. */
static int place_keys(struct plan_keys *keys, struct error *error_r)
{
	const char *text = buf_str(&keys->text);
	int ret = keys->text.failed;

	if (ret < 0) {
		plan_keys_release(keys);
		return error_set(error_r, -ret, "no room for the keys: %s", strerrordesc_np(-ret));
	}
	for (size_t i = 0; i < keys->count; i++) {
		keys->keys[i].ptr = text;
		text += keys->keys[i].len;
	}
	return 0;
}

static int alloc_keys(const struct plan *plan, struct plan_keys *keys_r, struct error *error_r)
{
	size_t max = plan_route_count(plan) * PLAN_SERVICE_COUNT;

	*keys_r = (struct plan_keys){0};
	buf_init(&keys_r->text, TEXT_MAX);
	keys_r->keys = calloc(max + 1, sizeof(*keys_r->keys));
	keys_r->services = calloc(max + 1, sizeof(*keys_r->services));
	if (keys_r->keys && keys_r->services)
		return 0;
	plan_keys_release(keys_r);
	return error_set(error_r, ENOMEM, "out of memory for keys");
}

int plan_keys_make(const struct plan *plan, size_t dict, struct slice user,
		   struct plan_keys *keys_r, struct error *error_r)
{
	int ret = alloc_keys(plan, keys_r, error_r);

	for (size_t i = 0; ret == 0 && user.len > 0 && i < plan_route_count(plan); i++)
		add_route(plan, i, dict, user, keys_r);
	return ret < 0 ? ret : place_keys(keys_r, error_r);
}

int plan_keys_sample(const struct plan *plan, size_t dict, unsigned int purposes,
		     struct plan_keys *keys_r, struct error *error_r)
{
	int ret = alloc_keys(plan, keys_r, error_r);

	for (size_t i = 0; ret == 0 && i < plan_route_count(plan); i++) {
		const struct plan_route *route = plan_route(plan, i);

		if (!plan_route_uses(plan, i, dict) || !(purposes & 1U << route->purpose))
			continue;
		for (size_t j = 0; j < PLAN_SERVICE_COUNT; j++)
			add_key(plan, route, plan_sample_login(plan_services[j]), plan_services[j],
				keys_r);
	}
	return ret < 0 ? ret : place_keys(keys_r, error_r);
}

void plan_keys_release(struct plan_keys *keys)
{
	free(keys->keys);
	free(keys->services);
	buf_release(&keys->text);
	*keys = (struct plan_keys){0};
}

static bool is_key(struct slice key, struct slice asked)
{
	struct slice bare = {asked.ptr + strlen(PREFIX), asked.len - strlen(PREFIX)};

	return slice_equal(key, asked) || slice_equal(key, bare);
}

const char *plan_keys_service(const struct plan_keys *keys, struct slice key)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (is_key(key, keys->keys[i]))
			return keys->services[i];
	}
	return "";
}
