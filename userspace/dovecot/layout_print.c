/* SPDX-License-Identifier: MIT */
#include "dovecot/layout_print.h"

#include <stdio.h>

static void print_type(struct buf *out, const struct layout_member *member)
{
	static const char *const words[] = {
		[LAYOUT_PTR] = "ptr",	   [LAYOUT_U8] = "u8",	 [LAYOUT_U16] = "u16",
		[LAYOUT_U32] = "u32",	   [LAYOUT_U64] = "u64", [LAYOUT_S32] = "s32",
		[LAYOUT_GROUP] = "struct", [LAYOUT_BIT] = "bit",
	};

	if (member->type == LAYOUT_NAMED)
		buf_append_str(out, member->type_name);
	else if (member->type == LAYOUT_U8_ARRAY)
		buf_appendf(out, "u8[%u]", member->count);
	else
		buf_append_str(out, words[member->type]);
}

static void print_member(struct buf *out, const struct layout_member *member)
{
	char place[24];

	if (member->type == LAYOUT_BIT)
		(void)snprintf(place, sizeof(place), "%u.%u", member->byte, member->bit);
	else
		(void)snprintf(place, sizeof(place), "%u", member->byte);
	buf_appendf(out, "\t%-27s  %-5s  ", member->name, place);
	print_type(out, member);
	buf_append_char(out, '\n');
}

void layout_table_print(struct buf *out, const struct layout_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct layout_struct *layout = &table->structs[i];

		buf_appendf(out, "%sstruct %s %u\n", i > 0 ? "\n" : "", layout->name, layout->size);
		for (size_t j = 0; j < layout->abi_count; j++)
			buf_appendf(out, "abi %s\n", layout->abis[j]);
		for (size_t j = 0; j < layout->member_count; j++)
			print_member(out, &layout->members[j]);
	}
}
