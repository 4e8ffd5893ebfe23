/* SPDX-License-Identifier: MIT */
/*
 * The decisions of a judge as a file, so that a restart does not begin anew, and for "dovetap
 * check". A line for each file of Dovecot that is decided:
 *
 *	+----+----------------+----------------+-------------+------+
 *	| 1  | key, 16 digits | state by name  | member or - | path |
 *	+----+----------------+----------------+-------------+------+
 *
 * A refusal is not taken up again: with another start it has to show anew.
 */
#ifndef DOVETAP_PROOF_REMEMBERED_H
#define DOVETAP_PROOF_REMEMBERED_H

#include "base/buf.h"
#include "proof/judge.h"

#define REMEMBERED_NAME	     "layouts" /* of the file in state_dir */
#define REMEMBERED_BYTES_MAX (2U << 20)

struct remembered {
	uint64_t key;
	enum proof_state state;
	char member[32]; /* that is wrong; "-" for none */
	char path[PROOF_PATH_MAX];
};

/* One line, without its end. False when it is none. Pure. */
bool remembered_parse(struct slice line, struct remembered *remembered_r);

/* Appends the line of a decided file. */
void remembered_format(struct buf *out, const struct proof_file *file);

/* Gives the judge what is in the file. 0 when there is none; lines that cannot be read are passed
 * over. */
int remembered_load(struct judge *judge, const char *path, struct error *error_r);

/* Writes the file anew, whole or not at all. */
int remembered_save(const struct judge *judge, const char *path, struct error *error_r);

/* What the file has of one key. False: nothing. */
bool remembered_find(const char *path, uint64_t key, struct remembered *remembered_r);

#endif
