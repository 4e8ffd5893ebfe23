/* SPDX-License-Identifier: MIT */
/*
 * The expansion language of Dovecot 2.4:
 *
 *	template   = { literal | "%%{" | "%{" [ program ] "}" }
 *	program    = statement { "|" statement }
 *	statement  = [ name [ "(" parameter { "," parameter } ")" ] [ operator operand ] ]
 *	parameter  = [ key "=" ] ( "text" | 'text' | number | variable )
 *	operator   = "+" | "-" | "*" | "/" | "%"
 *	operand    = number | variable
 *
 * The first name is a variable or a function, the others are functions. Each takes the value that
 * the one before left (the transfer) and leaves another. Text inside quotes may have \\ \" \' \t
 * \r \n \xHH and octal escapes. A value from a hash or a decoder is binary; a program that ends
 * with one gives its hex digits.
 *
 *	text → v24.c (literals) → v24_lex.c → v24_parse.c → statements → v24_run.c
 *	→ v24_text.c v24_hash.c v24_hex.c v24_choose.c v24_regexp.c v24_calculate.c v24_shape.c
 */
#ifndef DOVETAP_LOGIN_TEMPLATE_V24_V24_H
#define DOVETAP_LOGIN_TEMPLATE_V24_V24_H

#include <regex.h>

#include "login/template/compile.h"

/* Releases differ in small things; an unknown version counts as the newest. */
enum v24_since {
	V24_PCRE = 2,	  /* 2.4.2: regexp() keeps what stands around its match */
	V24_CHECKS = 3,	  /* 2.4.3: padding has a limit; a late error makes the program fail */
	V24_DIVISION = 4, /* 2.4.4: the divisor must be positive */
	V24_NEWEST = 99,
};

enum v24_token_kind {
	V24_CLOSE, /* "}" */
	V24_PIPE,
	V24_OPEN, /* "(" */
	V24_SHUT, /* ")" */
	V24_COMMA,
	V24_EQUALS,
	V24_OPERATOR, /* number is the character */
	V24_NAME,
	V24_TEXT,
	V24_NUMBER,
};

struct v24_token {
	enum v24_token_kind kind;
	const char *text; /* of a name or text; in the compiler's pool */
	int64_t number;
	const char *start; /* in the template, for error texts */
};

/* The token at *text, which moves behind it. Returns 0 or refuses the template. */
int v24_next_token(struct compiler *compiler, const char **text, struct v24_token *token_r);

enum v24_parameter_kind { V24_PARAMETER_TEXT, V24_PARAMETER_NUMBER, V24_PARAMETER_VARIABLE };

struct v24_parameter {
	struct v24_parameter *next;
	const char *key; /* lower case; NULL for a positional one */
	int index;	 /* of a positional one, from 0; else -1 */
	enum v24_parameter_kind kind;
	const char *text;
	int64_t number;
	enum variable variable;
};

struct v24_filter;

struct v24_statement {
	struct v24_statement *next;
	const char *name;
	enum variable variable;		  /* VARIABLE_NONE unless it is the first and one */
	const struct v24_filter *filter;  /* NULL when it is not one */
	struct v24_parameter *parameters; /* positional ones first, then by key */
	/* Made by the filter's prepare function. */
	struct hasher *hasher;
	const regex_t *regex;
	int since; /* enum v24_since of the Dovecot observed */
};

/* The value on its way through a program. */
struct v24_state {
	struct template_run *run;
	struct slice transfer; /* followed by a NUL, and may hold more of them when binary */
	bool set, binary;
	bool failed; /* by the statement before; the next may still rescue the program */
};

struct v24_filter {
	const char *name;
	int (*apply)(const struct v24_statement *statement, struct v24_state *state);
	int positional_min, positional_max;
	const char *keys; /* "rounds salt", or NULL when it takes none */
	bool needs_value; /* fails without a transfer */
	int (*prepare)(struct compiler *compiler, struct v24_statement *statement); /* or NULL */
};

extern const struct v24_filter v24_text_filters[], v24_shape_filters[], v24_hash_filters[],
	v24_hex_filters[], v24_choose_filters[], v24_calculate_filters[], v24_regexp_filters[];

/* The filter of that name, or NULL. */
const struct v24_filter *v24_filter_find(const char *name);

int v24_since(const struct compiler *compiler);

/* The statements of a program behind "%{", up to its "}"; NULL for an empty one. */
int v24_parse(struct compiler *compiler, const char **text, struct v24_statement **first_r);

/* Refuses a statement that could never give a value: an unknown name, parameters that its function
 * does not take. */
int v24_check(struct compiler *compiler, struct v24_statement *statement, bool first);

/* A program_eval_fn over the first statement. */
int v24_run(const void *program, struct template_run *run, struct slice *value_r);

/* For filters. Those that return int give 0 or a negative errno. */
const struct v24_parameter *v24_positional(const struct v24_statement *statement, int index);
const struct v24_parameter *v24_keyed(const struct v24_statement *statement, const char *key);
int v24_number(struct v24_state *state, const struct v24_parameter *parameter, int64_t *number_r);
int v24_text(struct v24_state *state, const struct v24_parameter *parameter, struct slice *text_r);
int v24_any(struct v24_state *state, const struct v24_parameter *parameter, struct slice *text_r);

void v24_set_text(struct v24_state *state, struct slice text); /* not binary */
void v24_set_data(struct v24_state *state, struct slice data); /* as binary as before */
void v24_set_binary(struct v24_state *state, struct slice data);
struct slice v24_c_string(const struct v24_state *state); /* the transfer up to its first NUL */
int v24_set_number(struct v24_state *state, uint64_t number, bool negative);

#endif
