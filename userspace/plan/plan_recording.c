/* SPDX-License-Identifier: MIT */
#include "plan/plan_recording.h"

#include <errno.h>

#include "base/fnv.h"
#include "plan/plan_private.h"

#define WORD_MAX 128

/* A setting of such a name may change without the records going elsewhere. */
static const char *const irrelevant[] = {
	"pass",	  "secret",	 "timeout",  "msecs",	"tls",	       "ssl",
	"expire", "synchronous", "lock",     "retr",	"consistency", "idle",
	"mode",	  "fsync",	 "replicas", "latency", "user",	       "metrics",
};

static bool is_irrelevant(struct slice name)
{
	for (size_t i = 0; i < sizeof(irrelevant) / sizeof(irrelevant[0]); i++) {
		if (memmem(name.ptr, name.len, irrelevant[i], strlen(irrelevant[i])))
			return true;
	}
	return false;
}

static uint64_t add(uint64_t sum, struct slice text)
{
	sum = fnv(sum, text.ptr, text.len);
	return fnv(sum, "", 1);
}

static uint64_t add_word(uint64_t sum, struct slice word)
{
	const char *equals = memchr(word.ptr, '=', word.len);
	struct slice name = {word.ptr, equals ? (size_t)(equals - word.ptr) : 0};

	return is_irrelevant(name) ? sum : add(sum, word);
}

/* "redis:host=h:password=p", and "host=h password=p" of a map file. */
static uint64_t add_words(uint64_t sum, const char *text, const char *separators)
{
	while (*text) {
		size_t len = strcspn(text, separators);

		sum = add_word(sum, (struct slice){text, len});
		text += len;
		text += strspn(text, separators);
	}
	return sum;
}

static uint64_t add_section(uint64_t sum, const struct conf_section *section)
{
	for (const struct conf_setting *s = section->settings; s; s = s->next) {
		if (is_irrelevant(slice_str(s->key)))
			continue;
		sum = add(sum, slice_str(s->key));
		sum = add_words(sum, s->value, " ");
	}
	for (const struct conf_section *s = section->sections; s; s = s->next) {
		sum = add(sum, slice_str(s->type));
		sum = add(sum, slice_str(s->name ? s->name : ""));
		sum = add_section(sum, s);
	}
	return sum;
}

static uint64_t mark_of(const struct plan *plan, const struct plan_route *route)
{
	const struct dict_config *dict = &plan->dicts[route->dict].config;
	uint64_t sum = add(FNV_START, slice_str(route->key_text));

	if (dict->uri)
		sum = add_words(sum, dict->uri, ":");
	if (dict->block)
		sum = add_section(add(sum, slice_str(dict->block->name)), dict->block);
	if (dict->map)
		sum = add_section(sum, dict->map);
	return sum;
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
