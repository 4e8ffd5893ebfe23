/* SPDX-License-Identifier: MIT */
#include "serve/accept.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/slice.h"

#define BLANKS " \t"

/* Up to one of the ends, without the blanks around it; *text moves behind it, to the end. */
static struct slice take(const char **text, const char *ends)
{
	struct slice part;

	*text += strspn(*text, BLANKS);
	part = (struct slice){*text, strcspn(*text, ends)};
	*text += part.len;
	while (part.len > 0 && strchr(BLANKS, part.ptr[part.len - 1]))
		part.len--;
	return part;
}

static bool is(struct slice text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

static bool is_our_version(struct slice version)
{
	return is(version, "1.0.0") || is(version, "0.0.1") || is(version, "\"1.0.0\"") ||
	       is(version, "\"0.0.1\"");
}

/* Returns the quality of "TYPE;name=value;...": 0 is not wanted, also for another version. */
static double take_range(const char **text, struct slice *type_r)
{
	double quality = 1;

	*type_r = take(text, ",;");
	while (**text == ';') {
		struct slice name, value = {"", 0};

		++*text;
		name = take(text, ",;=");
		if (**text == '=') {
			++*text;
			value = take(text, ",;");
		}
		if (is(name, "q"))
			quality = value.len > 0 ? strtod(value.ptr, NULL) : 0;
		else if (is(name, "version") && is(*type_r, "application/openmetrics-text") &&
			 !is_our_version(value))
			*type_r = (struct slice){"", 0};
	}
	return quality;
}

static void raise(double *best, double quality)
{
	*best = quality > *best ? quality : *best;
}

bool accept_openmetrics(const char *accept)
{
	double openmetrics = 0, plain = 0;
	struct slice type;

	while (accept && *accept) {
		double quality = take_range(&accept, &type);

		if (is(type, "application/openmetrics-text"))
			raise(&openmetrics, quality);
		else if (is(type, "text/plain"))
			raise(&plain, quality);
		accept += *accept == ',';
	}
	return openmetrics > 0 && openmetrics >= plain;
}
