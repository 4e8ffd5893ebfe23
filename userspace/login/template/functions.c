/* SPDX-License-Identifier: MIT */
#include "login/template/functions.h"

#include <errno.h>

bool text_to_unsigned(const char *text, uint64_t *number_r)
{
	uint64_t number = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *text - '0', &number))
			return false;
	}
	*number_r = number;
	return true;
}

bool text_to_number(const char *text, int64_t *number_r)
{
	bool negative = *text == '-';
	uint64_t number;

	if (!text_to_unsigned(text + negative, &number) || number > (uint64_t)INT64_MAX + negative)
		return false;
	*number_r = (int64_t)(negative ? -number : number);
	return true;
}

static const struct comparison comparisons[] = {
	{"==", COMPARE_NUMBERS, false, true, false}, {"<", COMPARE_NUMBERS, true, false, false},
	{"<=", COMPARE_NUMBERS, true, true, false},  {">", COMPARE_NUMBERS, false, false, true},
	{">=", COMPARE_NUMBERS, false, true, true},  {"!=", COMPARE_NUMBERS, true, false, true},
	{"eq", COMPARE_TEXTS, false, true, false},   {"lt", COMPARE_TEXTS, true, false, false},
	{"le", COMPARE_TEXTS, true, true, false},    {"gt", COMPARE_TEXTS, false, false, true},
	{"ge", COMPARE_TEXTS, false, true, true},    {"ne", COMPARE_TEXTS, true, false, true},
	{"*", COMPARE_WILDCARD, false, true, false}, {"!*", COMPARE_WILDCARD, true, false, false},
	{"~", COMPARE_REGEX, false, true, false},    {"!~", COMPARE_REGEX, true, false, false},
};

const struct comparison *comparison_find(const char *name)
{
	for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++)
		if (strcmp(comparisons[i].name, name) == 0)
			return &comparisons[i];
	return NULL;
}

bool comparison_of_numbers(const struct comparison *comparison, int64_t a, int64_t b)
{
	if (a == b)
		return comparison->equal;
	return a < b ? comparison->below : comparison->above;
}

/* The star that was met last takes one byte more whenever the rest does not match. */
bool wildcard_match(const char *text, const char *mask)
{
	const char *star = NULL, *behind_star = NULL;

	while (*text != '\0') {
		if (*mask == '*') {
			star = mask++;
			behind_star = text;
		} else if (*mask == '?' || *mask == *text) {
			mask++;
			text++;
		} else if (star) {
			mask = star + 1;
			text = ++behind_star;
		} else {
			return false;
		}
	}
	return mask[strspn(mask, "*")] == '\0';
}

static int regex_match_now(struct template_run *run, const char *pattern, const char *text)
{
	regex_t regex;
	char why[128];
	int ret = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);

	if (ret != 0) {
		regerror(ret, &regex, why, sizeof(why));
		return run_fail(run, "'%s' is no regular expression: %s", pattern, why);
	}
	ret = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return ret;
}

static int match(const struct comparison *comparison, struct template_run *run, const char *text,
		 const char *pattern, const regex_t *regex)
{
	if (comparison->kind == COMPARE_WILDCARD)
		return wildcard_match(text, pattern);
	if (!regex)
		return regex_match_now(run, pattern, text);
	return regexec(regex, text, 0, NULL, 0) == 0;
}

int comparison_of_texts(const struct comparison *comparison, struct template_run *run,
			const char *a, const char *b, const regex_t *regex)
{
	int ret;

	if (comparison->kind == COMPARE_TEXTS)
		return comparison_of_numbers(comparison, strcmp(a, b), 0);
	ret = match(comparison, run, a, b, regex);
	if (ret < 0)
		return ret;
	return ret ? comparison->equal : comparison->below;
}

static void free_regex(void *regex)
{
	regfree(regex);
}

int regex_compile(struct compiler *compiler, const char *pattern, const regex_t **regex_r)
{
	regex_t *regex = pool_alloc(compiler->pool, sizeof(*regex));
	char why[128];
	int ret;

	if (!regex)
		return compiler_no_memory(compiler);
	ret = regcomp(regex, pattern, REG_EXTENDED);
	if (ret != 0) {
		regerror(ret, regex, why, sizeof(why));
		return compiler_refuse(compiler, "'%s' is no regular expression: %s", pattern, why);
	}
	if (pool_on_release(compiler->pool, free_regex, regex) < 0)
		return compiler_no_memory(compiler);
	*regex_r = regex;
	return 0;
}

const char *pieces_constant(const struct piece_list *list)
{
	const struct piece *piece = list->pieces;

	if (list->count == 0)
		return "";
	if (list->count > 1 || piece->eval || piece->variable != VARIABLE_NONE)
		return NULL;
	return piece->literal.ptr;
}
