/* SPDX-License-Identifier: MIT */
#include "base/ledger.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fnv.h"

#define MAGIC UINT64_C(0x31646c7061747664) /* "dvtapld1" */

int ledger_map(int fd, struct ledger *ledger_r, struct error *error_r)
{
	struct ledger_area *area =
		mmap(NULL, LEDGER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (area == MAP_FAILED)
		return error_set(error_r, errno, "cannot map the accounts: %m");
	if (area->magic == 0)
		area->magic = MAGIC;
	if (area->magic != MAGIC) {
		munmap(area, LEDGER_BYTES);
		return error_set(error_r, EILSEQ, "the accounts are of another version");
	}
	ledger_r->area = area;
	return 0;
}

void ledger_unmap(struct ledger *ledger)
{
	if (ledger->area)
		munmap(ledger->area, LEDGER_BYTES);
	ledger->area = NULL;
}

struct ledger_block *ledger_block(const struct ledger *ledger, const char *name)
{
	uint64_t id = fnv(FNV_START, name, strlen(name)) | 1; /* never 0 */

	for (size_t i = 0; ledger->area && i < LEDGER_BLOCKS; i++) {
		struct ledger_block *block = &ledger->area->blocks[i];

		if (block->id == 0)
			block->id = id;
		if (block->id == id)
			return block;
	}
	return NULL;
}

/* One of a newer version, or a damaged one, is cut to our room. */
static size_t count_in(const struct ledger_slot *slot)
{
	return slot->count < LEDGER_NUMBERS ? (size_t)slot->count : LEDGER_NUMBERS;
}

bool ledger_read(const struct ledger_block *block, const struct ledger_row *rows, void *base)
{
	const struct ledger_slot *slot;
	size_t at = 0;

	if (!block || block->turn == 0)
		return false;
	slot = &block->slots[block->turn % 2];
	for (const struct ledger_row *row = rows; row->room > 0; at += row->room, row++) {
		uint64_t *members = (void *)((char *)base + row->offset);

		for (size_t i = 0; i < row->count; i++)
			members[i] = at + i < count_in(slot) ? slot->numbers[at + i] : 0;
	}
	return true;
}

void ledger_write(struct ledger_block *block, const struct ledger_row *rows, const void *base)
{
	struct ledger_slot *slot;
	size_t at = 0;

	if (!block)
		return;
	slot = &block->slots[(block->turn + 1) % 2];
	for (const struct ledger_row *row = rows; row->room > 0; at += row->room, row++) {
		assert(row->count <= row->room && at + row->room <= LEDGER_NUMBERS);
		memcpy(&slot->numbers[at], (const char *)base + row->offset,
		       row->count * sizeof(uint64_t));
	}
	slot->count = at;
	/* A kill leaves all that came before in the program; so no compiler may move it behind. */
	__atomic_store_n(&block->turn, block->turn + 1, __ATOMIC_RELEASE);
}
