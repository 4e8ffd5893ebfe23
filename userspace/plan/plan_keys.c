/* SPDX-License-Identifier: MIT */
/* Keys such as the routes make them, of somebody who does not exist. */
#include <errno.h>
#include <stdlib.h>

#include "plan/plan_private.h"

#define TEXT_MAX (1U << 20)
#define PREFIX	 "shared/"

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
