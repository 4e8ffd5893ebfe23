/* SPDX-License-Identifier: MIT */
/* Names of dicts in 2.3: URIs. */
#include <errno.h>
#include <string.h>

#include "conf/arena.h"
#include "conf/last_login/last_login_rule.h"

/* Removes the options that may stand in front of SOCKET:NAME. */
static const char *skip_proxy_options(const char *rest)
{
	static const char *const options[] = {"idle_msecs=", "warn_slow_msecs=", NULL};

	for (size_t i = 0; options[i]; i++) {
		if (strncmp(rest, options[i], strlen(options[i])) == 0) {
			rest += strcspn(rest, ":");
			rest += *rest == ':';
			i = (size_t)-1;
		}
	}
	return rest;
}

int last_login_dict_from_uri(struct arena *arena, const struct conf_setting *setting,
			     const struct last_login_dict **dict_r, struct error *error_r)
{
	struct last_login_dict *dict = arena_alloc(arena, sizeof(*dict));
	const char *rest;

	if (!dict)
		return conf_error(&setting->pos, error_r, ENOMEM, "out of memory");
	dict->uri = setting->value;
	dict->pos = setting->pos;
	if (!strchr(dict->uri, ':'))
		return conf_error(&dict->pos, error_r, EINVAL,
				  "%s: \"%.*s\" has no \":\"; driver:options such as "
				  "redis:host=127.0.0.1 would be right",
				  setting->key, (int)strcspn(dict->uri, " =,;"), dict->uri);
	if (strncmp(dict->uri, "proxy:", 6) == 0) {
		rest = skip_proxy_options(dict->uri + 6);
		dict->proxy_name = strrchr(rest, ':') ? strrchr(rest, ':') + 1 : rest;
	}
	*dict_r = dict;
	return 0;
}
