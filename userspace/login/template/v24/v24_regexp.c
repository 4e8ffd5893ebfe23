/* SPDX-License-Identifier: MIT */
/* The regexp function, on regcomp(3) and regexec(3). */
#include <errno.h>

#include "login/template/functions.h"
#include "login/template/v24/v24.h"

static int prepare_regexp(struct compiler *compiler, struct v24_statement *statement)
{
	if (statement->parameters->kind != V24_PARAMETER_TEXT)
		return compiler_refuse(compiler, REGEX_VARIABLE);
	return regex_compile(compiler, statement->parameters->text, &statement->regex);
}

#define GROUPS 10

/* "\1" is what the first group matched; another backslash stands for itself, two for one. */
static int replace(struct v24_state *state, const char *text, const regmatch_t groups[GROUPS],
		   const char *with, struct slice *out_r)
{
	struct slice value = {"", 0};
	size_t room = 1;
	char *out;

	for (const char *c = with; *c; c++)
		room += *c == '\\' ? strlen(text) + 1 : 1;
	out = run_take(state->run, room);
	if (!out)
		return -E2BIG;
	*out_r = (struct slice){out, 0};
	while (*with != '\0') {
		const regmatch_t *group =
			with[1] >= '0' && with[1] <= '9' ? &groups[with[1] - '0'] : NULL;

		value = (struct slice){with, 1};
		if (*with == '\\' && group && group->rm_so < 0)
			return run_fail(state->run, "regexp: no such group");
		if (*with == '\\' && group)
			value = (struct slice){text + group->rm_so,
					       (size_t)(group->rm_eo - group->rm_so)};
		with += *with == '\\' && (group || with[1] == '\\') ? 2 : 1;
		/* UNSAFE: room has the whole text for every backslash. */
		memcpy(out + out_r->len, value.ptr, value.len);
		out_r->len += value.len;
	}
	out[out_r->len] = '\0';
	return 0;
}

static int keep_surroundings(struct v24_state *state, const char *text, const regmatch_t *match,
			     struct slice *value)
{
	size_t before = (size_t)match->rm_so, behind = strlen(text + match->rm_eo);
	char *joined = run_take(state->run, before + value->len + behind);

	if (!joined)
		return -E2BIG;
	memcpy(joined, text, before);
	memcpy(joined + before, value->ptr, value->len);
	memcpy(joined + before + value->len, text + match->rm_eo, behind);
	*value = (struct slice){joined, before + value->len + behind};
	return 0;
}

static int apply_regexp(const struct v24_statement *statement, struct v24_state *state)
{
	const char *text = v24_c_string(state).ptr;
	regmatch_t groups[GROUPS] = {0};
	struct slice with = {"", 0}, value = {"", 0};
	int ret = v24_text(state, v24_positional(statement, 1), &with);

	if (ret < 0)
		return ret;
	if (regexec(statement->regex, text, GROUPS, groups, 0) != 0)
		return 0;
	ret = replace(state, text, groups, with.ptr, &value);
	if (ret == 0 && statement->since >= V24_PCRE)
		ret = keep_surroundings(state, text, &groups[0], &value);
	if (ret == 0)
		v24_set_data(state, value);
	return ret;
}

const struct v24_filter v24_regexp_filters[] = {
	{"regexp", apply_regexp, 2, 2, NULL, true, prepare_regexp},
	{NULL, NULL, 0, 0, NULL, false, NULL},
};
