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

/* The greater number of "{2,5}" at text, 1 for what is none. */
static unsigned long repeats_at(const char *text)
{
	unsigned long least = strtoul(text + 1, NULL, 10), most = 0;
	const char *comma = text + 1 + strspn(text + 1, "0123456789");

	if (*comma == ',')
		most = strtoul(comma + 1, NULL, 10);
	most = most > least ? most : least;
	return most > 1 ? most : 1;
}

/* Counts of all repetitions, as if each stood in the others. */
static bool repeats_too_often(const char *pattern)
{
	unsigned long product = 1;

	for (; *pattern && product <= REGEX_REPEATS_MAX; pattern++) {
		if (*pattern == '\\' && pattern[1])
			pattern++;
		else if (*pattern == '{')
			product *= repeats_at(pattern) <= REGEX_REPEATS_MAX ? repeats_at(pattern)
									    : REGEX_REPEATS_MAX + 1;
	}
	return product > REGEX_REPEATS_MAX;
}

/* Also where it stands for itself, in brackets. */
static bool refers_back(const char *pattern)
{
	for (; (pattern = strchr(pattern, '\\')) && pattern[1]; pattern += 2) {
		if (pattern[1] >= '1' && pattern[1] <= '9')
			return true;
	}
	return false;
}

const char *regex_refusal(const char *pattern)
{
	if (strlen(pattern) > REGEX_MAX)
		return "it is too long";
	if (repeats_too_often(pattern))
		return "its repetitions are too many";
	if (refers_back(pattern))
		return "it has a back-reference, and to match it could take for ever";
	return NULL;
}

static int regex_match_now(struct template_run *run, const char *pattern, const char *text)
{
	const char *refusal = regex_refusal(pattern);
	regex_t regex;
	char why[128];
	int ret;

	if (refusal)
		return run_fail(run, "'%s' is refused: %s", pattern, refusal);
	ret = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (ret != 0) {
		regerror(ret, &regex, why, sizeof(why));
		return run_fail(run, "'%s' is no regular expression: %s", pattern, why);
	}
	ret = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return ret;
}

static int match(const struct comparison *comparison, struct template_run *run, const char *text,
		 const char *pattern, bool constant, const regex_t *regex)
{
	if (comparison->kind == COMPARE_WILDCARD)
		return wildcard_match(text, pattern);
	if (!regex && !constant)
		return run_fail(run, REGEX_VARIABLE);
	if (!regex)
		return regex_match_now(run, pattern, text);
	return regexec(regex, text, 0, NULL, 0) == 0;
}

int comparison_of_texts(const struct comparison *comparison, struct template_run *run,
			const char *a, const char *b, bool constant, const regex_t *regex)
{
	int ret;

	if (comparison->kind == COMPARE_TEXTS)
		return comparison_of_numbers(comparison, strcmp(a, b), 0);
	ret = match(comparison, run, a, b, constant, regex);
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
	const char *refusal = regex_refusal(pattern);
	char why[128];
	int ret;

	if (!regex)
		return compiler_no_memory(compiler);
	if (refusal)
		return compiler_refuse(compiler, "'%s' is refused: %s", pattern, refusal);
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
