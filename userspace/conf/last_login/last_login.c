/* SPDX-License-Identifier: MIT */
#include "conf/last_login/last_login.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "conf/arena.h"
#include "conf/last_login/last_login_match.h"
#include "conf/last_login/last_login_region.h"
#include "conf/last_login/last_login_rule.h"
#include "conf/last_login/last_login_state.h"

bool last_login_speaks_v24(const struct last_login_conf *conf, const struct last_login_text *key)
{
	if (conf->language != LAST_LOGIN_BY_SYNTAX)
		return conf->language == LAST_LOGIN_V24;
	return key->v24;
}

/* The service that a protocol block is about, or NULL. */
static const char *service_of(const struct conf_filter *filter)
{
	const char *name = filter->protocol;

	if (!name)
		return NULL;
	name += *name == '!';
	return strcmp(name, "sieve") == 0 ? "managesieve" : name;
}

/* Every service that the configuration distinguishes from the others, then "*". */
static int read_services(struct last_login_matches *matches, const struct last_login_rules *rules,
			 struct error *error_r)
{
	static const char *const usual[] = {"imap", "pop3", NULL};
	const char *const *service = rules->services ? rules->services : usual;
	const struct conf_filter *filter = rules->filters, *end = filter + rules->filter_count;
	int ret = 0;

	for (; *service && ret == 0; service++)
		ret = last_login_matches_add(matches, *service, error_r);
	for (; filter < end && ret == 0 && !rules->services; filter++) {
		if (service_of(filter))
			ret = last_login_matches_add(matches, service_of(filter), error_r);
	}
	if (ret == 0 && !rules->services)
		ret = last_login_matches_add(matches, "*", error_r);
	return ret;
}

static int read_targets(struct last_login_conf *conf, struct error *error_r)
{
	struct last_login_matches matches;
	int ret = last_login_matches_init(&matches, conf, error_r);

	if (ret == 0)
		ret = read_services(&matches, conf->rules, error_r);
	if (ret == 0)
		ret = last_login_matches_finish(&matches, conf, error_r);
	last_login_matches_release(&matches);
	return ret;
}

int last_login_read(struct conf_section *const *roots, const struct last_login_options *options,
		    struct last_login_conf *conf_r, struct error *error_r)
{
	struct last_login_rules *rules = arena_alloc(conf_arena(*roots), sizeof(*rules));
	struct last_login_conf conf = {.rules = rules, .language = options->language};
	int ret;

	if (!rules)
		return conf_error(&(*roots)->pos, error_r, ENOMEM, "out of memory");
	rules->arena = conf_arena(*roots);
	if (options->services && options->services[0])
		rules->services = options->services;
	ret = last_login_rules_read(roots, rules, error_r);
	if (ret == 0)
		ret = read_targets(&conf, error_r);
	if (ret == 0)
		*conf_r = conf;
	return ret;
}

enum last_login_source last_login_source(const struct last_login_target *target)
{
	const char *const *word = last_login_source_words;

	while (strcmp(*word, target->source->text) != 0)
		word++;
	return (enum last_login_source)(word - last_login_source_words);
}
