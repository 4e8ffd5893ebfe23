/* SPDX-License-Identifier: MIT */
/* Tokens into statements, by recursive descent over the grammar in v24.h. Nothing is evaluated. */
#include <ctype.h>
#include <errno.h>

#include "login/template/names.h"
#include "login/template/v24/v24.h"

struct parser {
	struct compiler *compiler;
	const char **text;
	struct v24_token token; /* the one to look at */
	struct v24_statement *first, **end;
};

static int advance(struct parser *parser)
{
	return v24_next_token(parser->compiler, parser->text, &parser->token);
}

static int unexpected(struct parser *parser, const char *wanted)
{
	return compiler_refuse(parser->compiler, "'%.16s': %s expected", parser->token.start,
			       wanted);
}

static bool is_operator(const struct v24_token *token, char operator)
{
	return token->kind == V24_OPERATOR && token->number == operator;
}

/* A parameter that is a name is the variable of that name. */
static int find_variable(struct parser *parser, struct v24_parameter *parameter)
{
	struct slice name = slice_str(parameter->text);
	int ret = v24_find(parser->compiler, name, &parameter->variable);

	if (ret == 0 && parameter->variable == VARIABLE_NONE)
		return v24_refuse_unknown(parser->compiler, name);
	if (ret == 0)
		parser->compiler->used[parameter->variable]++;
	return ret;
}

/* "text" | number | "-" number | variable; the token behind it is the next. */
static int parse_value(struct parser *parser, struct v24_parameter *parameter)
{
	bool negative = is_operator(&parser->token, '-');
	int ret = negative ? advance(parser) : 0;

	if (ret < 0)
		return ret;
	parameter->text = parser->token.text;
	parameter->number = negative ? -parser->token.number : parser->token.number;
	if (parser->token.kind == V24_NUMBER)
		parameter->kind = V24_PARAMETER_NUMBER;
	else if (negative)
		return unexpected(parser, "a number");
	else if (parser->token.kind == V24_TEXT)
		parameter->kind = V24_PARAMETER_TEXT;
	else if (parser->token.kind == V24_NAME)
		parameter->kind = V24_PARAMETER_VARIABLE;
	else
		return unexpected(parser, "a \"text\", a number or a variable");
	return advance(parser);
}

/* Positional ones keep their order and stand in front; keyed ones are sorted, the one written
 * last before its equals. */
static bool stands_before(const struct v24_parameter *there, const struct v24_parameter *added)
{
	if (!there->key || !added->key)
		return !there->key;
	return strcmp(there->key, added->key) < 0;
}

static void link_parameter(struct v24_statement *statement, struct v24_parameter *parameter)
{
	struct v24_parameter **at = &statement->parameters;

	while (*at && stands_before(*at, parameter))
		at = &(*at)->next;
	parameter->next = *at;
	*at = parameter;
}

static const char *lower_copy(struct parser *parser, const char *text)
{
	char *copy = pool_strndup(parser->compiler->pool, text, strlen(text));

	for (char *c = copy; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

/* The name that was read as a variable is a key after all. */
static int parse_keyed(struct parser *parser, struct v24_parameter *parameter)
{
	int ret;

	parameter->key = lower_copy(parser, parameter->text);
	parameter->index = -1;
	if (!parameter->key)
		return compiler_no_memory(parser->compiler);
	ret = advance(parser);
	return ret < 0 ? ret : parse_value(parser, parameter);
}

static int parse_parameter(struct parser *parser, struct v24_statement *statement, int *index)
{
	struct v24_parameter *parameter = pool_alloc(parser->compiler->pool, sizeof(*parameter));
	int ret;

	if (!parameter)
		return compiler_no_memory(parser->compiler);
	ret = parse_value(parser, parameter);
	if (ret < 0)
		return ret;
	if (parameter->kind == V24_PARAMETER_VARIABLE && parser->token.kind == V24_EQUALS)
		ret = parse_keyed(parser, parameter);
	else
		parameter->index = (*index)++;
	if (ret == 0 && parameter->kind == V24_PARAMETER_VARIABLE)
		ret = find_variable(parser, parameter);
	link_parameter(statement, parameter);
	return ret;
}

/* "(" was seen. */
static int parse_parameters(struct parser *parser, struct v24_statement *statement)
{
	int index = 0, ret;

	do {
		ret = advance(parser);
		if (ret == 0)
			ret = parse_parameter(parser, statement, &index);
	} while (ret == 0 && parser->token.kind == V24_COMMA);
	if (ret == 0 && parser->token.kind != V24_SHUT)
		return unexpected(parser, "\")\" or \",\"");
	return ret < 0 ? ret : advance(parser);
}

static struct v24_statement *add_statement(struct parser *parser, const char *name)
{
	struct v24_statement *statement = pool_alloc(parser->compiler->pool, sizeof(*statement));

	if (!statement) {
		(void)compiler_no_memory(parser->compiler);
		return NULL;
	}
	statement->name = name;
	statement->variable = VARIABLE_NONE;
	statement->filter = v24_filter_find(name);
	statement->since = v24_since(parser->compiler);
	*parser->end = statement;
	parser->end = &statement->next;
	return statement;
}

/* "+ 5" is the function calculate('+', 5). */
static int parse_calculation(struct parser *parser)
{
	struct v24_statement *statement = add_statement(parser, "calculate");
	struct v24_parameter *parameters =
		pool_alloc(parser->compiler->pool, 2 * sizeof(*parameters));
	int ret;

	if (!statement || !parameters)
		return compiler_no_memory(parser->compiler);
	parameters[0] = (struct v24_parameter){
		.next = &parameters[1],
		.kind = V24_PARAMETER_NUMBER,
		.number = strchr("+-*/%", (int)parser->token.number) - "+-*/%"};
	parameters[1].index = 1;
	statement->parameters = parameters;
	ret = advance(parser);
	if (ret == 0)
		ret = parse_value(parser, &parameters[1]);
	if (ret == 0 && parameters[1].kind == V24_PARAMETER_TEXT)
		return compiler_refuse(parser->compiler, "\"%s\" is no number to calculate with",
				       parameters[1].text);
	if (ret == 0 && parameters[1].kind == V24_PARAMETER_VARIABLE)
		ret = find_variable(parser, &parameters[1]);
	return ret;
}

static int parse_statement(struct parser *parser)
{
	struct v24_statement *statement = add_statement(parser, parser->token.text);
	bool first = statement && parser->first == statement;
	int ret = statement ? advance(parser) : -ENOMEM;

	if (ret == 0 && first)
		ret = v24_find(parser->compiler, slice_str(statement->name), &statement->variable);
	if (ret == 0 && first && statement->variable != VARIABLE_NONE)
		parser->compiler->used[statement->variable]++;
	if (ret == 0 && parser->token.kind == V24_OPEN)
		ret = parse_parameters(parser, statement);
	if (ret == 0 && parser->token.kind == V24_OPERATOR)
		ret = parse_calculation(parser);
	return ret;
}

static int parse_statements(struct parser *parser)
{
	int ret = 0;

	for (;;) {
		if (parser->token.kind == V24_NAME)
			ret = parse_statement(parser);
		if (ret < 0 || parser->token.kind != V24_PIPE)
			break;
		ret = advance(parser);
		if (ret < 0)
			break;
	}
	if (ret == 0 && parser->token.kind != V24_CLOSE)
		return unexpected(parser, "\"|\" or \"}\"");
	return ret;
}

int v24_parse(struct compiler *compiler, const char **text, struct v24_statement **first_r)
{
	struct parser parser = {.compiler = compiler, .text = text};
	int ret;

	parser.end = &parser.first;
	ret = advance(&parser);
	if (ret == 0)
		ret = parse_statements(&parser);
	for (struct v24_statement *s = parser.first; s && ret == 0; s = s->next)
		ret = v24_check(compiler, s, s == parser.first);
	if (ret == 0)
		*first_r = parser.first;
	return ret;
}
