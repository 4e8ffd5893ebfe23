/* SPDX-License-Identifier: MIT */
/*
 * The expansion language of Dovecot 2.3:
 *
 *	% [-][0][width] [. [0][-]width] [modifiers] name
 *	% [-][0][offset] . [0][-]width  ...            with name a letter, "%", or {long name}
 *
 *	{long name}		a variable
 *	{hash;options:name}	md4 md5 sha1 sha256 sha384 sha512 sha3-256 sha3-512 size pkcs5
 *	{if;a;op;b;then;else}	every parameter a template of its own
 *
 * The value is looked up, goes through the modifiers from left to right, and is then cut or padded
 * by offset and width, byte by byte.
 */
#ifndef DOVETAP_LOGIN_TEMPLATE_V23_V23_H
#define DOVETAP_LOGIN_TEMPLATE_V23_V23_H

#include "login/template/compile.h"

#define V23_MODIFIERS_MAX 10 /* Dovecot's; an eleventh letter is the name of the variable */

struct v23_slicing {
	int64_t offset, width; /* negative counts from the end */
	bool zero_padding;
};

/* A modifier replaces value; H and N use up the slicing. Returns 0 or a negative errno. */
typedef int v23_modifier_fn(struct template_run *run, struct v23_slicing *slicing,
			    struct slice *value);

/* The modifier of that letter, or NULL. */
v23_modifier_fn *v23_modifier_find(char letter);

/* Applies offset and width. */
int v23_slice(struct template_run *run, const struct v23_slicing *slicing, struct slice *value);

/* The text up to the separator, or all of it; text moves behind the separator. */
struct slice v23_split(struct slice *text, char separator);

/* v23_compile() for a text without a NUL behind it; list is emptied first. */
int v23_compile_copy(struct compiler *compiler, struct slice text, struct piece_list *list);

int v23_compile_hash(struct compiler *compiler, struct slice name, struct slice options,
		     struct slice data, struct piece *piece_r);
int v23_compile_if(struct compiler *compiler, struct slice parameters, struct piece *piece_r);

/* What stands between "{" and "}": a variable or a function. */
int v23_compile_long(struct compiler *compiler, struct slice name, struct piece *piece_r);

#endif
