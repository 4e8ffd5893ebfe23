/* SPDX-License-Identifier: MIT */
#include "cli/service_class.h"

#include <stdlib.h>

static const struct {
	const char *service;
	enum service_class class;
} known[] = {
	{"lmtp", SERVICE_DELIVERY},	    {"lda", SERVICE_DELIVERY},
	{"quota-status", SERVICE_DELIVERY}, {"indexer-worker", SERVICE_DELIVERY},
	{"indexer", SERVICE_DELIVERY},	    {"doveadm", SERVICE_OTHER},
	{"dsync", SERVICE_OTHER},	    {"script-login", SERVICE_OTHER},
	{"decode2text", SERVICE_OTHER},	    {"fts", SERVICE_OTHER},
};

#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))
_Static_assert(KNOWN_COUNT <= SERVICE_OTHERS_MAX, "room for all that are no logins");

static bool is_judged(struct slice service, const char *const *judged)
{
	for (; judged && *judged; judged++) {
		if (slice_is(service, *judged))
			return true;
	}
	return false;
}

enum service_class service_class_of(struct slice service, const char *const *judged)
{
	for (size_t i = 0; i < KNOWN_COUNT && !is_judged(service, judged); i++) {
		if (slice_is(service, known[i].service))
			return known[i].class;
	}
	return SERVICE_LOGIN;
}

enum service_class service_class_of_list(const char *services, const char *const *judged,
					 bool *mixed_r)
{
	enum service_class best = SERVICE_CLASSES;
	bool mixed = false;

	while (*services) {
		size_t len = strcspn(services, ", ");
		enum service_class class = service_class_of((struct slice){services, len}, judged);

		mixed |= best != SERVICE_CLASSES &&
			 (class == SERVICE_LOGIN) != (best == SERVICE_LOGIN);
		best = class < best ? class : best;
		services += len;
		services += strspn(services, ", ");
	}
	*mixed_r = mixed;
	return best == SERVICE_CLASSES ? SERVICE_LOGIN : best;
}

const char *service_class_name(enum service_class class)
{
	static const char *const names[SERVICE_CLASSES] = {
		[SERVICE_LOGIN] = "last login",
		[SERVICE_DELIVERY] = "last delivery",
		[SERVICE_OTHER] = "other",
	};

	return names[class];
}

void service_class_others(const char *const *judged, const char *others_r[SERVICE_OTHERS_MAX + 1])
{
	size_t count = 0;

	for (size_t i = 0; i < KNOWN_COUNT; i++) {
		if (!is_judged(slice_str(known[i].service), judged))
			others_r[count++] = known[i].service;
	}
	others_r[count] = NULL;
}

const char **service_words(char *text)
{
	const char **words = calloc(strlen(text) / 2 + 2, sizeof(*words));
	char *rest = text, *word;
	size_t count = 0;

	while (words && (word = strsep(&rest, ", \t")) != NULL) {
		if (*word)
			words[count++] = word;
	}
	return words;
}
