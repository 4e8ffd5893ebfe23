/* SPDX-License-Identifier: MIT */
/*
 * What the two languages share: the compiled form, and how a parser builds it.
 *
 * A template is a list of pieces, each a literal, a plain variable or a program. A program is an
 * expression as compiled by its language; it is opaque here and evaluated into scratch memory.
 */
#ifndef DOVETAP_TEMPLATE_COMPILE_H
#define DOVETAP_TEMPLATE_COMPILE_H

#include <stdarg.h>

#include "login/template/pool.h"
#include "login/template/template.h"
#include "login/template/variable.h"

#define TEMPLATE_TEXT_MAX   8192   /* bytes of a template; the limit of Dovecot 2.4.4 */
#define TEMPLATE_SCRATCH    65536  /* bytes for all intermediate values of one expansion */
#define TEMPLATE_DEPTH_MAX  16	   /* of templates inside functions inside templates */
#define TEMPLATE_ROUNDS_MAX 100000 /* of hashing, so that one login cannot stop all others */

/* One expansion under way. */
struct template_run {
	struct variable_source source;
	struct scratch *scratch;
	struct hasher *md5; /* for modifiers; NULL when none needs it */
	struct error *error_r;
	bool ended; /* nothing more is appended, but errors still count */
	bool fatal; /* the login cannot be keyed at all: no function of the template may help */
};

/* The value stays valid until the end of the expansion. Returns 0 or a negative errno. */
typedef int program_eval_fn(const void *program, struct template_run *run, struct slice *value_r);

struct piece {
	enum variable variable; /* VARIABLE_NONE for a literal or a program */
	program_eval_fn *eval;	/* NULL for a literal or a variable */
	const void *program;
	struct slice literal;
	bool has_slash; /* of a program: a "/" stands in its text, so that it may make one */
};

struct piece_list {
	struct piece *pieces;
	size_t count, size;
};

struct compiler {
	struct pool *pool;
	struct template_env env;
	const char *where;
	struct error *error_r;
	unsigned int used[VARIABLE_COUNT];
	unsigned int depth;
	struct hasher *md5;
};

/* Fills the error with "where: setting: ..." and returns -EINVAL. */
int compiler_refuse(struct compiler *compiler, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int compiler_no_memory(struct compiler *compiler);

/* All copy into the pool and return 0 or a negative errno with the error filled. */
int compiler_add_literal(struct compiler *compiler, struct piece_list *list, const char *text,
			 size_t len);
int compiler_add_variable(struct compiler *compiler, struct piece_list *list,
			  enum variable variable);
int compiler_add_program(struct compiler *compiler, struct piece_list *list, program_eval_fn *eval,
			 const void *program);

/* Sets has_slash of the programs from first on, which were compiled from the text up to end. */
void compiler_note_slash(struct piece_list *list, size_t first, const char *text, const char *end);

/* The parsers of the languages: append the pieces of text to list. */
int v23_compile(struct compiler *compiler, const char *text, struct piece_list *list);
int v24_compile(struct compiler *compiler, const char *text, struct piece_list *list);

/* For programs. Text in scratch memory is followed by a NUL; with the scratch full run_take()
 * returns NULL and the others -E2BIG. */
char *run_take(struct template_run *run, size_t len);
int run_copy(struct template_run *run, struct slice value, struct slice *copy_r);
int run_variable(struct template_run *run, enum variable variable, struct slice *value_r);
int run_piece(struct template_run *run, const struct piece *piece, struct slice *value_r);
int run_pieces(struct template_run *run, const struct piece_list *list, struct slice *value_r);
int run_replace(struct template_run *run, char byte, const char *with, struct slice *value);
int run_fail(struct template_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
