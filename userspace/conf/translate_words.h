/* SPDX-License-Identifier: MIT */
/* Inside of translate: the words that both template languages have. */
#ifndef DOVETAP_CONF_TRANSLATE_WORDS_H
#define DOVETAP_CONF_TRANSLATE_WORDS_H

#include "base/buf.h"
#include "base/error.h"

#define TRANSLATE_VARIABLES 15
#define TRANSLATE_FILTERS   8

/* A variable in both languages; what 2.3 has as a variable may be a filter in 2.4. */
extern const struct translate_variable {
	char letter; /* of 2.3, or 0 */
	const char *v23, *v24, *filter;
} translate_variables[TRANSLATE_VARIABLES];

/* A 2.3 modifier or hash function and the filter that does the same. */
extern const struct translate_filter {
	char modifier;	      /* or 0 */
	const char *function; /* "%{sha1:user}", or NULL */
	const char *v24;
} translate_filters[TRANSLATE_FILTERS];

/* Says that the text at begin cannot be put into words of that version; returns -EINVAL. */
int translate_no_form(struct error *error_r, const char *begin, size_t len, const char *version);

int translate_to_v24(const char *p, struct buf *out, struct error *error_r);
int translate_to_v23(const char *p, struct buf *out, struct error *error_r);

#endif
