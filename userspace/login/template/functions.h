/* SPDX-License-Identifier: MIT */
/* Numbers, comparisons and patterns as both languages know them. Texts end with a NUL. */
#ifndef DOVETAP_TEMPLATE_FUNCTIONS_H
#define DOVETAP_TEMPLATE_FUNCTIONS_H

#include <regex.h>

#include "login/template/compile.h"

/* Decimal digits and nothing else, "-" in front for the signed one. False when out of range. */
bool text_to_number(const char *text, int64_t *number_r);
bool text_to_unsigned(const char *text, uint64_t *number_r);

enum comparison_kind { COMPARE_NUMBERS, COMPARE_TEXTS, COMPARE_WILDCARD, COMPARE_REGEX };

struct comparison {
	const char *name;
	enum comparison_kind kind;
	bool below, equal, above; /* outcomes that make it true; for patterns: no match, match */
};

/* == < <= > >= !=  eq lt le gt ge ne  * !*  ~ !~, or NULL. */
const struct comparison *comparison_find(const char *name);
bool comparison_of_numbers(const struct comparison *comparison, int64_t a, int64_t b);

/* For the kinds but numbers. regex is the compiled b, or NULL to compile it now, which is done for
 * a constant only. Returns 1, 0 or -EINVAL for a bad regular expression. */
int comparison_of_texts(const struct comparison *comparison, struct template_run *run,
			const char *a, const char *b, bool constant, const regex_t *regex);

bool wildcard_match(const char *text, const char *mask);

/*
 * Regular expressions are POSIX extended ones, of the C library, which has no limit of its own. So
 * they are those that whoever wrote the configuration chose, and of these the ones whose cost is
 * bounded: REGEX_MAX bytes, no more than REGEX_REPEATS_MAX copies by repetition counts, and no
 * back-references, for which a match may take exponential time.
 */
#define REGEX_MAX	  1024
#define REGEX_REPEATS_MAX 100000
#define REGEX_VARIABLE                                                                             \
	"a regular expression must be constant: one from a variable, which a user may choose, "    \
	"could take all memory"

/* NULL, or why the pattern is not taken. */
const char *regex_refusal(const char *pattern);

/* One that lives as long as the template. */
int regex_compile(struct compiler *compiler, const char *pattern, const regex_t **regex_r);

/* The text of a list that has no variable and no program, else NULL. */
const char *pieces_constant(const struct piece_list *list);

#endif
