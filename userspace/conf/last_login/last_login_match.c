/* SPDX-License-Identifier: MIT */
#include "conf/last_login/last_login_match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/hash.h"
#include "conf/arena.h"
#include "conf/last_login/last_login_region.h"
#include "conf/last_login/last_login_state.h"

#define NO_TARGET (-1)

/* The filters and, in a word behind them, whether the service is recorded before any rule. */
struct match {
	UT_hash_handle hh;
	long target;
	uint64_t key[];
};

/* The matches in the order of their keys. */
struct last_login_index {
	size_t count, words; /* of a key */
	const struct match **matches;
	uint64_t *asked; /* room for the key of a login */
};

static int no_memory(struct error *error_r)
{
	return error_set(error_r, ENOMEM, "out of memory for the configuration");
}

static size_t key_words(const struct last_login_rules *rules)
{
	return LAST_LOGIN_WORDS(rules) + 1;
}

static void set_key(const struct last_login_rules *rules, const uint64_t *filters,
		    const char *service, uint64_t *key)
{
	struct last_login_state first = last_login_state_first(rules, slice_str(service));

	memmove(key, filters, LAST_LOGIN_WORDS(rules) * sizeof(*key));
	key[LAST_LOGIN_WORDS(rules)] = first.enable == LAST_LOGIN_ON;
}

/* --- states to targets ----------------------------------------------------------------------- */

static struct last_login_target as_target(const struct last_login_conf *conf,
					  const struct last_login_state *state)
{
	return (struct last_login_target){
		.dict = state->dict,
		.key = state->key,
		.precision = state->precision,
		.source = state->source,
		.auth_key = last_login_key_or_none(state->auth_key),
		.failure_key = last_login_key_or_none(state->failure_key),
		.fields = state->fields,
		.logins = state->enable == LAST_LOGIN_ON,
		.v24 = last_login_speaks_v24(conf, state->key),
	};
}

static bool same_target(const struct last_login_target *a, const struct last_login_target *b)
{
	return a->dict == b->dict && a->key == b->key && a->precision == b->precision &&
	       a->source == b->source && a->auth_key == b->auth_key &&
	       a->failure_key == b->failure_key && a->fields == b->fields && a->logins == b->logins;
}

static int find_target(struct last_login_matches *matches, const struct last_login_target *target,
		       long *index_r)
{
	for (size_t i = matches->target_count; i-- > 0;) {
		if (same_target(&matches->targets[i], target)) {
			*index_r = (long)i;
			return 0;
		}
	}
	if (matches->target_count == matches->target_room) {
		size_t room = 2 * matches->target_room + 16;
		struct last_login_target *targets =
			realloc(matches->targets, room * sizeof(*targets));

		if (!targets)
			return -ENOMEM;
		matches->targets = targets;
		matches->target_room = room;
	}
	matches->targets[matches->target_count] = *target;
	*index_r = (long)matches->target_count++;
	return 0;
}

/* "imap" and "pop3" into "imap, pop3". */
static int add_service(struct last_login_matches *matches, long target)
{
	const char *known, *service = matches->service;
	const char **services;
	size_t len = strlen(service);

	if (target == NO_TARGET)
		return 0;
	services = &matches->targets[target].services;
	for (known = *services; known;
	     known = strstr(known, ", ") ? strstr(known, ", ") + 2 : NULL) {
		if (strncmp(known, service, len) == 0 && (known[len] == ',' || known[len] == '\0'))
			return 0;
	}
	known = *services;
	*services = arena_printf(matches->conf->rules->arena, "%s%s%s", known ? known : "",
				 known ? ", " : "", service);
	return *services ? 0 : -ENOMEM;
}

static int two_dicts(const struct last_login_state *state, struct error *error_r)
{
	const struct conf_section *one = state->beside->section, *other = state->entry->section;

	return conf_error(&other->pos, error_r, EINVAL,
			  "dict %s beside dict %s at line %u: last_login writes to one dict only; "
			  "remove one of them",
			  other->name, one->name, one->pos.line);
}

/* --- filters to states ----------------------------------------------------------------------- */

static int make_target(struct last_login_matches *matches, struct last_login_state *state,
		       const uint64_t *filters, long *target_r)
{
	struct last_login_target target;
	int ret = 0;

	*target_r = NO_TARGET;
	if (!last_login_state_records(state, matches->conf->rules))
		return 0;
	if (state->beside)
		return two_dicts(state, matches->error_r);
	if (state->entry)
		ret = last_login_resolve(&matches->resolver, state->tree, state->entry, filters,
					 &state->dict, matches->error_r);
	if (ret < 0)
		return ret;
	target = as_target(matches->conf, state);
	return find_target(matches, &target, target_r) < 0 ? no_memory(matches->error_r) : 0;
}

static int work_out(struct last_login_matches *matches, const uint64_t *filters, long *target_r)
{
	const struct last_login_rules *rules = matches->conf->rules;
	struct last_login_state state = last_login_state_first(rules, slice_str(matches->service));
	const struct last_login_rule *rule;

	LL_FOREACH(rules->first, rule) {
		if (last_login_has_filter(filters, rule->filter))
			last_login_state_apply(&state, rules, rule);
	}
	return make_target(matches, &state, filters, target_r);
}

static int add_match(struct last_login_matches *matches, const uint64_t *filters, long *target_r)
{
	const struct last_login_rules *rules = matches->conf->rules;
	size_t len = key_words(rules) * sizeof(uint64_t);
	struct match *match = arena_alloc(rules->arena, sizeof(*match) + len), *known;
	int ret;

	if (!match)
		return no_memory(matches->error_r);
	set_key(rules, filters, matches->service, match->key);
	HASH_FIND(hh, matches->known, match->key, len, known);
	if (known) {
		*target_r = known->target;
		return 0;
	}
	ret = work_out(matches, filters, &match->target);
	if (ret < 0)
		return ret;
	HASH_ADD(hh, matches->known, key, len, match);
	*target_r = match->target;
	return hash_added(match) ? 0 : no_memory(matches->error_r);
}

static int add_region(const uint64_t *filters, void *context)
{
	struct last_login_matches *matches = context;
	long target = NO_TARGET;
	int ret = add_match(matches, filters, &target);

	if (ret == 0 && add_service(matches, target) < 0)
		ret = no_memory(matches->error_r);
	return ret;
}

/* --- all ------------------------------------------------------------------------------------- */

int last_login_matches_init(struct last_login_matches *matches, struct last_login_conf *conf,
			    struct error *error_r)
{
	struct last_login_rule *rule;
	int ret;

	*matches = (struct last_login_matches){.conf = conf};
	if (last_login_resolver_init(&matches->resolver, conf->rules) < 0)
		return no_memory(error_r);
	LL_FOREACH(conf->rules->first, rule) {
		struct last_login_dict *dict = (struct last_login_dict *)rule->dict;

		ret = dict && dict->proxy_name
			      ? last_login_resolve_name(&matches->resolver, dict, error_r)
			      : 0;
		if (ret < 0)
			return ret;
	}
	return 0;
}

int last_login_matches_add(struct last_login_matches *matches, const char *service,
			   struct error *error_r)
{
	int ret;

	matches->service = service;
	matches->error_r = error_r;
	ret = last_login_each_region(matches->conf->rules, service, add_region, matches);
	if (ret == -E2BIG)
		error_set(
			error_r, E2BIG,
			"the remote, local and local_name blocks with last_login settings combine "
			"in more than %u ways; use fewer of them",
			LAST_LOGIN_REGIONS_MAX);
	if (ret == -ENOMEM)
		no_memory(error_r);
	return ret;
}

void last_login_matches_release(struct last_login_matches *matches)
{
	HASH_CLEAR(hh, matches->known); /* the elements are the configuration's */
	last_login_resolver_release(&matches->resolver);
	free(matches->targets);
	*matches = (struct last_login_matches){0};
}

static int compare_keys(const void *a, const void *b, void *words)
{
	const struct match *const *one = a, *const *other = b;

	return memcmp((*one)->key, (*other)->key, *(const size_t *)words * sizeof(uint64_t));
}

static struct last_login_index *make_index(struct last_login_matches *matches)
{
	struct last_login_rules *rules = matches->conf->rules;
	struct last_login_index *index = arena_alloc(rules->arena, sizeof(*index));
	struct match *match, *next;

	if (!index)
		return NULL;
	index->words = key_words(rules);
	index->matches = arena_alloc(rules->arena,
				     (HASH_COUNT(matches->known) + 1) * sizeof(struct match *));
	index->asked = arena_alloc(rules->arena, index->words * sizeof(*index->asked));
	if (!index->matches || !index->asked)
		return NULL;
	HASH_ITER(hh, matches->known, match, next)
		index->matches[index->count++] = match;
	qsort_r(index->matches, index->count, sizeof(struct match *), compare_keys, &index->words);
	return index;
}

int last_login_matches_finish(struct last_login_matches *matches, struct last_login_conf *conf,
			      struct error *error_r)
{
	struct last_login_target *targets =
		arena_alloc(conf->rules->arena, (matches->target_count + 1) * sizeof(*targets));

	conf->index = make_index(matches);
	if (!targets || !conf->index)
		return no_memory(error_r);
	if (matches->target_count > 0)
		memcpy(targets, matches->targets, matches->target_count * sizeof(*targets));
	conf->targets = targets;
	conf->target_count = matches->target_count;
	return 0;
}

static int compare_key(const void *key, const void *element)
{
	const struct last_login_index *index = key;
	const struct match *const *match = element;

	return memcmp(index->asked, (*match)->key, index->words * sizeof(uint64_t));
}

const struct last_login_target *last_login_match(const struct last_login_conf *conf,
						 const struct conf_peer *peer)
{
	struct last_login_index *index = conf->index;
	struct last_login_state first = last_login_state_first(conf->rules, peer->service);
	const struct match **found;

	last_login_filters_of(conf->rules, peer, index->asked);
	index->asked[index->words - 1] = first.enable == LAST_LOGIN_ON;
	found = bsearch(index, index->matches, index->count, sizeof(struct match *), compare_key);
	return found && (*found)->target != NO_TARGET ? &conf->targets[(*found)->target] : NULL;
}
