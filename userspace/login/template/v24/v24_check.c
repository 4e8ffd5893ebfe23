/* SPDX-License-Identifier: MIT */
/* Checks a parsed statement at compile time: known function, parameters that it takes, a value to
 * work on. What passes here may still fail for a single login. */
#include "login/template/names.h"
#include "login/template/v24/v24.h"

static bool takes_key(const struct v24_filter *filter, const char *key)
{
	const char *found = filter->keys ? strstr(filter->keys, key) : NULL;
	size_t len = strlen(key);

	return found && len > 0 && (found == filter->keys || found[-1] == ' ') &&
	       (found[len] == '\0' || found[len] == ' ');
}

static int check_parameters(struct compiler *compiler, const struct v24_statement *statement)
{
	const struct v24_filter *filter = statement->filter;
	int positional = 0, keyed = 0;

	for (const struct v24_parameter *p = statement->parameters; p; p = p->next) {
		if (p->key && !takes_key(filter, p->key))
			return compiler_refuse(compiler, "%s() has no parameter '%s'; it takes %s",
					       filter->name, p->key,
					       filter->keys ? filter->keys : "none with a name");
		positional += !p->key;
		keyed += p->key != NULL;
	}
	if (positional > filter->positional_max ||
	    (positional < filter->positional_min && keyed == 0))
		return compiler_refuse(compiler, "%s() takes %d to %d parameters, not %d",
				       filter->name, filter->positional_min, filter->positional_max,
				       positional);
	return 0;
}

static bool is_rescued(const struct v24_statement *statement)
{
	const struct v24_statement *next = statement->next;

	return next && next->filter && !next->filter->needs_value;
}

int v24_check(struct compiler *compiler, struct v24_statement *statement, bool first)
{
	int ret;

	if (statement->variable != VARIABLE_NONE)
		return 0;
	if (!statement->filter && first && is_rescued(statement))
		return 0;
	if (!statement->filter && first)
		return v24_refuse_unknown(compiler, slice_str(statement->name));
	if (!statement->filter)
		return compiler_refuse(compiler,
				       strstr(statement->name, "crypt")
					       ? "%s needs keys that are only known inside Dovecot"
					       : "%s is no function of Dovecot 2.4",
				       statement->name);
	if (statement->filter->needs_value && first && !is_rescued(statement))
		return compiler_refuse(compiler, "%s has no value to work on", statement->name);
	ret = check_parameters(compiler, statement);
	if (ret == 0 && statement->filter->prepare)
		ret = statement->filter->prepare(compiler, statement);
	return ret;
}
