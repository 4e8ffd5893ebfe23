/* SPDX-License-Identifier: MIT */
#include "dovecot/layout_compare.h"

#include <stdbool.h>
#include <string.h>

static const struct layout_member *find(const struct layout_struct *in, const char *name)
{
	for (size_t i = 0; in && i < in->member_count; i++) {
		if (strcmp(in->members[i].name, name) == 0)
			return &in->members[i];
	}
	return NULL;
}

static bool is_there(const struct layout_member *a, const struct layout_member *b)
{
	return a->byte == b->byte && a->bit == b->bit && a->type == b->type && a->count == b->count;
}

static void print_place(struct buf *out, const struct layout_member *member)
{
	if (member->type == LAYOUT_BIT)
		buf_appendf(out, "%u.%u", member->byte, member->bit);
	else
		buf_appendf(out, "%u", member->byte);
}

static void print_difference(struct buf *out, const char *in, const struct layout_member *made,
			     const struct layout_member *known)
{
	buf_appendf(out, "%s.%s: at ", in, made->name);
	print_place(out, made);
	if (!known) {
		buf_append_str(out, ", not in the layout\n");
		return;
	}
	buf_append_str(out, ", in the layout at ");
	print_place(out, known);
	buf_append_str(out, made->type == known->type ? "\n" : ", and of another type\n");
}

static size_t compare_struct(const struct layout_struct *made, const struct layout_struct *known,
			     struct buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < made->member_count; i++) {
		const struct layout_member *member = &made->members[i];
		const struct layout_member *other = find(known, member->name);

		if (other && is_there(member, other))
			continue;
		print_difference(out, made->name, member, other);
		count++;
	}
	for (size_t i = 0; known && i < known->member_count; i++) {
		if (find(made, known->members[i].name))
			continue;
		buf_appendf(out, "%s.%s: only in the layout\n", made->name, known->members[i].name);
		count++;
	}
	return count;
}

size_t layout_compare(const struct layout_table *made, const struct layout_table *known,
		      const char *abi, struct buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < made->count; i++) {
		const struct layout_struct *one = &made->structs[i];

		if (layout_table_find(made, abi, one->name) == one)
			count += compare_struct(one, layout_table_find(known, abi, one->name), out);
	}
	return count;
}
