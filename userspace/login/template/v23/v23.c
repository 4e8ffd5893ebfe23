/* SPDX-License-Identifier: MIT */
#include "login/template/v23/v23.h"

#include "login/template/names.h"
#include "login/template/template_hash.h"

#define DIGITS_MAX 999999999

struct v23_field {
	struct piece piece; /* where the value comes from */
	v23_modifier_fn *modifiers[V23_MODIFIERS_MAX];
	unsigned int modifier_count;
	struct v23_slicing slicing;
};

static int evaluate(const void *program, struct template_run *run, struct slice *value_r)
{
	const struct v23_field *field = program;
	struct v23_slicing slicing = field->slicing;
	struct slice value;
	int ret = run_piece(run, &field->piece, &value);

	for (unsigned int i = 0; i < field->modifier_count && ret == 0; i++)
		ret = field->modifiers[i](run, &slicing, &value);
	if (ret == 0)
		ret = v23_slice(run, &slicing, &value);
	if (ret == 0)
		*value_r = value;
	return ret;
}

static int64_t parse_digits(const char **text)
{
	int64_t number = 0;

	for (; **text >= '0' && **text <= '9'; ++*text)
		if (number <= DIGITS_MAX)
			number = number * 10 + (**text - '0');
	return number;
}

static bool take(const char **text, char c)
{
	if (**text != c)
		return false;
	++*text;
	return true;
}

/* A minus in front of a width without an offset means nothing. */
static struct v23_slicing parse_slicing(const char **text)
{
	struct v23_slicing slicing = {0};
	int64_t sign = take(text, '-') ? -1 : 1;

	slicing.zero_padding = take(text, '0');
	slicing.width = parse_digits(text);
	if (!take(text, '.'))
		return slicing;
	slicing.offset = sign * slicing.width;
	slicing.zero_padding = take(text, '0');
	sign = take(text, '-') ? -1 : 1;
	slicing.width = sign * parse_digits(text);
	return slicing;
}

static int parse_modifiers(struct compiler *compiler, const char **text, struct v23_field *field)
{
	v23_modifier_fn *modifier;
	bool md5 = false;

	while (field->modifier_count < V23_MODIFIERS_MAX) {
		modifier = v23_modifier_find(**text);
		if (!modifier)
			break;
		field->modifiers[field->modifier_count++] = modifier;
		md5 |= **text == 'M' || **text == 'N';
		++*text;
	}
	return md5 ? hash_need_md5(compiler) : 0;
}

/* The "}" that belongs to the "{" at text, or NULL. A backslash hides the byte behind it. */
static const char *find_end(const char *text)
{
	unsigned int depth = 0;

	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		else if (*text == '{')
			depth++;
		else if (*text == '}' && --depth == 0)
			return text;
	}
	return NULL;
}

static int parse_name(struct compiler *compiler, const char **text, struct piece *piece_r)
{
	const char *name = *text, *end;

	if (*name == '{') {
		end = find_end(name);
		if (!end)
			return compiler_refuse(compiler, "\"%%{\" without its \"}\"");
		*text = end + 1;
		name++;
		return v23_compile_long(compiler, (struct slice){name, (size_t)(end - name)},
					piece_r);
	}
	*text = name + 1;
	*piece_r = (struct piece){.variable = VARIABLE_NONE, .literal = {"%", 1}};
	return *name == '%' ? 0 : v23_find_short(compiler, *name, &piece_r->variable);
}

static bool is_identity(const struct v23_field *field)
{
	return field->modifier_count == 0 && field->slicing.offset == 0 &&
	       field->slicing.width == 0;
}

static int add_field(struct compiler *compiler, struct piece_list *list,
		     const struct v23_field *field)
{
	const struct piece *piece = &field->piece;
	struct v23_field *kept;

	if (is_identity(field) && piece->variable != VARIABLE_NONE)
		return compiler_add_variable(compiler, list, piece->variable);
	if (is_identity(field) && !piece->eval)
		return compiler_add_literal(compiler, list, piece->literal.ptr, piece->literal.len);
	kept = pool_alloc(compiler->pool, sizeof(*kept));
	if (!kept)
		return compiler_no_memory(compiler);
	*kept = *field;
	if (piece->variable != VARIABLE_NONE)
		compiler->used[piece->variable]++;
	return compiler_add_program(compiler, list, evaluate, kept);
}

static int compile_percent(struct compiler *compiler, const char **text, struct piece_list *list)
{
	const char *start = *text;
	struct v23_field field = {.slicing = parse_slicing(text)};
	size_t first = list->count;
	int ret;

	if (field.slicing.width > DIGITS_MAX || field.slicing.width < -DIGITS_MAX ||
	    field.slicing.offset > DIGITS_MAX || field.slicing.offset < -DIGITS_MAX)
		return compiler_refuse(compiler, "an offset or width above %d", DIGITS_MAX);
	ret = parse_modifiers(compiler, text, &field);
	/* A percent sign at the very end vanishes, with its modifiers. */
	if (ret < 0 || **text == '\0')
		return ret;
	ret = parse_name(compiler, text, &field.piece);
	if (ret == 0)
		ret = add_field(compiler, list, &field);
	if (ret == 0)
		compiler_note_slash(list, first, start, *text);
	return ret;
}

int v23_compile(struct compiler *compiler, const char *text, struct piece_list *list)
{
	int ret = 0;

	if (++compiler->depth > TEMPLATE_DEPTH_MAX)
		return compiler_refuse(compiler, "functions are nested more than %u deep",
				       TEMPLATE_DEPTH_MAX);
	while (*text != '\0' && ret == 0) {
		size_t literal = strcspn(text, "%");

		ret = compiler_add_literal(compiler, list, text, literal);
		text += literal;
		if (ret == 0 && take(&text, '%'))
			ret = compile_percent(compiler, &text, list);
	}
	compiler->depth--;
	return ret;
}
