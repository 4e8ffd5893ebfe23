/* SPDX-License-Identifier: MIT */
/*
 * Dovecot's configuration syntax, one logical line at a time.
 *
 *	key = value             key = "quoted \" value"      key = <file
 *	type {                  type name {                  type "quoted name" {
 *	}                       !include path                !include_try path
 *	group @label name {
 *
 * A "#" outside quotes begins a comment; a "\" at the end of a line joins the next one with a
 * blank between them. A value counts as quoted only when it begins and ends with the same quote;
 * inside, a backslash keeps the next byte as it is. This is the grammar of Dovecot 2.3.13 to
 * 2.4.4 (the versions differ in what they expand, see expand.h, not in how a line is read).
 *
 * Pure: bytes in, lines out. The file name is added to error texts by the caller.
 */
#ifndef DOVETAP_CONF_LEX_H
#define DOVETAP_CONF_LEX_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

#define CONF_LINE_MAX 65536 /* bytes of a logical line */

enum conf_line_type {
	CONF_LINE_SETTING,
	CONF_LINE_FILE,	       /* key = <value */
	CONF_LINE_BEGIN,       /* key value { */
	CONF_LINE_END,	       /* } */
	CONF_LINE_INCLUDE,     /* !include value */
	CONF_LINE_INCLUDE_TRY, /* !include_try value */
};

struct conf_line {
	enum conf_line_type type;
	unsigned int line; /* where it begins, from 1 */
	const char *key;   /* both valid until the next call */
	const char *value; /* never NULL */
	bool quoted;	   /* the value stood in quotes: nothing in it is expanded */
};

struct conf_lex {
	struct slice rest;
	unsigned int line; /* of the physical line read last */
	struct buf text;   /* the logical line */
};

void conf_lex_init(struct conf_lex *lex, struct slice text); /* text must stay valid */
void conf_lex_release(struct conf_lex *lex);

/* 1: *line_r is filled; 0: end of the text; -EINVAL, -ENOMEM, -E2BIG: lex->line is the place. */
int conf_lex_next(struct conf_lex *lex, struct conf_line *line_r, struct error *error_r);

#endif
