/* SPDX-License-Identifier: MIT */
#include "plan/plan_recording.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/fnv.h"
#include "plan/plan_private.h"

#define WORD_MAX 128

/* A setting of such a name may change without the records going elsewhere. */
static const char *const irrelevant[] = {
	"pass", "secret",      "timeout",  "msecs",   "tls",	     "ssl",
	"idle", "synchronous", "lock",	   "retr",    "consistency", "metrics",
	"mode", "fsync",       "replicas", "latency", "user",
};

/* How long records stay: the place is the same, but not what can be known by it. */
static const char *const lifetimes[] = {"expire", "ttl"};

struct marking {
	uint64_t sum;
	bool of_place; /* alone */
};

static bool is_irrelevant(const struct marking *marking, struct slice name)
{
	for (size_t i = 0; i < sizeof(lifetimes) / sizeof(lifetimes[0]); i++) {
		if (memmem(name.ptr, name.len, lifetimes[i], strlen(lifetimes[i])))
			return marking->of_place;
	}
	for (size_t i = 0; i < sizeof(irrelevant) / sizeof(irrelevant[0]); i++) {
		if (memmem(name.ptr, name.len, irrelevant[i], strlen(irrelevant[i])))
			return true;
	}
	return false;
}

static void add(struct marking *marking, struct slice text)
{
	marking->sum = fnv(fnv(marking->sum, text.ptr, text.len), "", 1);
}

static void add_word(struct marking *marking, struct slice word)
{
	const char *equals = memchr(word.ptr, '=', word.len);
	struct slice name = {word.ptr, equals ? (size_t)(equals - word.ptr) : 0};

	if (!is_irrelevant(marking, name))
		add(marking, word);
}

/* "redis:host=h:password=p", and "host=h password=p" of a map file. */
static void add_words(struct marking *marking, const char *text, const char *separators)
{
	while (*text) {
		size_t len = strcspn(text, separators);

		add_word(marking, (struct slice){text, len});
		text += len;
		text += strspn(text, separators);
	}
}

static void add_section(struct marking *marking, const struct conf_section *section)
{
	for (const struct conf_setting *s = section->settings; s; s = s->next) {
		if (is_irrelevant(marking, slice_str(s->key)))
			continue;
		add(marking, slice_str(s->key));
		add_words(marking, s->value, " ");
	}
	for (const struct conf_section *s = section->sections; s; s = s->next) {
		add(marking, slice_str(s->type));
		add(marking, slice_str(s->name ? s->name : ""));
		add_section(marking, s);
	}
}

static void add_dict(struct marking *marking, const struct dict_config *dict)
{
	if (dict->uri)
		add_words(marking, dict->uri, ":");
	if (dict->block) {
		add(marking, slice_str(dict->block->name));
		add_section(marking, dict->block);
	}
	if (dict->map)
		add_section(marking, dict->map);
}

/* From the others the collector removes old records, which the state remembers
 * (pipeline/removed.h). */
static bool expires_itself(const struct dict_config *dict)
{
	const char *name = dict->uri ? dict->uri : dict->block->name;
	const struct slice driver = {name, strcspn(name, ":")};

	return !slice_equal(driver, slice_str("sqlite")) &&
	       !slice_equal(driver, slice_str("mysql")) && !slice_equal(driver, slice_str("pgsql"));
}

static uint64_t mark_of(const struct plan *plan, const struct plan_route *route)
{
	const struct dict_config *dict = &plan->dicts[route->dict].config;
	struct marking marking = {.sum = FNV_START};
	char secs[32];

	add(&marking, slice_str(route->key_text));
	add_dict(&marking, dict);
	(void)snprintf(secs, sizeof(secs), "%" PRId64, dict->expire_secs);
	if (dict->expire_secs > 0 && !dict->strict && expires_itself(dict))
		add(&marking, slice_str(secs));
	return marking.sum;
}

uint64_t plan_dict_mark(const struct plan *plan, size_t index)
{
	struct marking marking = {.sum = FNV_START, .of_place = true};

	add_dict(&marking, &plan->dicts[index].config);
	return marking.sum;
}

static int each_service(const struct plan *plan, const struct plan_route *route,
			plan_recording_cb *cb, void *context)
{
	const char *word = route->services;
	char service[WORD_MAX];
	int ret = 0;

	while (*word && ret == 0) {
		size_t len = strcspn(word, ", ");
		const struct plan_recording recording = {
			.mark = mark_of(plan, route), .service = service, .dict = route->dict};

		(void)snprintf(service, sizeof(service), "%.*s", (int)len, word);
		ret = cb(&recording, context);
		word += len;
		word += strspn(word, ", ");
	}
	return ret;
}

int plan_each_recording(const struct plan *plan, plan_recording_cb *cb, void *context)
{
	int ret = 0;

	for (size_t i = 0; i < plan->route_count && ret == 0; i++) {
		if (plan->routes[i].purpose == DELIVER_LOGIN)
			ret = each_service(plan, &plan->routes[i], cb, context);
	}
	return ret;
}
