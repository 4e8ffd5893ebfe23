/* SPDX-License-Identifier: MIT */
/*
 * Numbers in shared memory that outlive the process which counts them, so that its successor goes
 * on where it ended, wherever that was: a kill at any instruction leaves the numbers of one moment.
 *
 *	LEDGER_BYTES   magic | block | block | ...
 *	block          id | turn | slot 0 | slot 1        id: of the block's name; 0: free
 *	slot           count | number | number | ...      turn: the slot of turn % 2 is valid
 *
 * Each block has one writer, which fills the slot that is not valid and then makes it so. The area
 * also outlives the version: what a number means is its place in the block, so a stage appends
 * numbers and never moves them (struct ledger_row). What an older version did not write reads as 0,
 * what a newer one appended is lost when an older one writes.
 */
#ifndef DOVETAP_BASE_LEDGER_H
#define DOVETAP_BASE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define LEDGER_BLOCKS  64
#define LEDGER_NUMBERS 120

struct ledger_slot {
	uint64_t count;
	uint64_t numbers[LEDGER_NUMBERS];
};

struct ledger_block {
	uint64_t id;
	uint64_t turn;
	struct ledger_slot slots[2];
};

struct ledger_area {
	uint64_t magic;
	struct ledger_block blocks[LEDGER_BLOCKS];
};

#define LEDGER_BYTES sizeof(struct ledger_area)

struct ledger {
	struct ledger_area *area; /* NULL: not mapped */
};

/* One or several numbers of a struct, in the order of the block; room is how many the block keeps
 * for them. A row with room 0 ends the list. */
struct ledger_row {
	size_t offset;
	uint16_t count, room;
};

#define LEDGER_ONE(type, member)                                                                   \
	{                                                                                          \
		offsetof(type, member), 1, 1                                                       \
	}
#define LEDGER_ARRAY(type, member, room)                                                           \
	{                                                                                          \
		offsetof(type, member), sizeof(((type *)0)->member) / sizeof(uint64_t), room       \
	}

/* fd can be mapped for writing and has LEDGER_BYTES, all of them 0 at first; it is borrowed for the
 * call. -EILSEQ: the area is of another version. */
int ledger_map(int fd, struct ledger *ledger_r, struct error *error_r);
void ledger_unmap(struct ledger *ledger); /* also when not mapped */

/* The block of that name, a free one if there is none yet; NULL when all are taken, or without a
 * ledger. Not for two threads at a time. */
struct ledger_block *ledger_block(const struct ledger *ledger, const char *name);

/* Fills the members that the rows name. False, and nothing is changed, when nobody has written the
 * block. Takes NULL. */
bool ledger_read(const struct ledger_block *block, const struct ledger_row *rows, void *base);

/* Writes them, all or none. Takes NULL. */
void ledger_write(struct ledger_block *block, const struct ledger_row *rows, const void *base);

#endif
