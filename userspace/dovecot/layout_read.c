/* SPDX-License-Identifier: MIT */
#include "dovecot/layout_read.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdio.h>

struct reader {
	const struct btf *ours, *theirs; /* of the programs, of Dovecot */
	struct layout_struct *out;
	struct error *error_r;
};

/* A member as BTF has it, from the start of the outermost struct. */
struct place {
	const struct btf_type *type;
	uint32_t type_id, bits, bitfield; /* bitfield 0: it is none */
};

static const char *const structs[] = {"ip_addr", "mail_user", "mail_storage_service_user",
				      "auth_request", "client"};

/* Alternatives for the releases that keep it elsewhere. */
static const struct {
	const char *in, *member, *or_member;
} required[] = {
	{"mail_user", "username", NULL},	 {"mail_user", "service", NULL},
	{"mail_user", "conn.remote_ip", NULL},	 {"mail_user", "autocreated", NULL},
	{"mail_user", "session_restored", NULL}, {"auth_request", "handler", NULL},
	{"auth_request", "fields.user", "user"}, {"auth_request", "fields.mech_name", "mech_name"},
};

/* --- BTF ---------------------------------------------------------------------------------------*/

static const struct btf_type *plain_type(const struct btf *btf, uint32_t id, uint32_t *id_r)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type))) {
		id = type->type;
		type = btf__type_by_id(btf, id);
	}
	*id_r = id;
	return type;
}

static struct place place_of(const struct btf *btf, const struct btf_type *in, uint32_t index,
			     uint32_t base)
{
	struct place place = {
		.bits = base + btf_member_bit_offset(in, index),
		.bitfield = btf_member_bitfield_size(in, index),
	};

	place.type = plain_type(btf, btf_members(in)[index].type, &place.type_id);
	return place;
}

/* Looks into unnamed members as well, as C does. */
static bool find_member(const struct btf *btf, const struct btf_type *in, const char *name,
			uint32_t base, struct place *place_r)
{
	for (uint32_t i = 0; i < btf_vlen(in); i++) {
		const char *found = btf__name_by_offset(btf, btf_members(in)[i].name_off);
		struct place place = place_of(btf, in, i, base);

		if (!place.type)
			continue;
		if (found[0] == '\0' && btf_is_composite(place.type) &&
		    find_member(btf, place.type, name, place.bits, place_r))
			return true;
		if (strcmp(found, name) == 0) {
			*place_r = place;
			return true;
		}
	}
	return false;
}

static const struct btf_type *find_struct(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);
}

/* --- members -----------------------------------------------------------------------------------*/

static int refuse(const struct reader *reader, const char *member, const char *what)
{
	return error_set(reader->error_r, EINVAL, "struct %s, member %s: %s", reader->out->name,
			 member, what);
}

static int read_number(const struct reader *reader, const struct place *ours,
		       const struct place *theirs, struct layout_member *member)
{
	bool is_signed = btf_is_int(ours->type) && (btf_int_encoding(ours->type) & BTF_INT_SIGNED);

	if (theirs->bitfield > 1)
		return refuse(reader, member->name, "a bit-field of several bits");
	member->bit = theirs->bitfield ? theirs->bits % 8 : 0;
	if (theirs->bitfield) {
		member->type = LAYOUT_BIT;
		return 0;
	}
	switch (btf__resolve_size(reader->theirs, theirs->type_id)) {
	case 1:
		member->type = LAYOUT_U8;
		return 0;
	case 2:
		member->type = LAYOUT_U16;
		return 0;
	case 4:
		member->type = is_signed ? LAYOUT_S32 : LAYOUT_U32;
		return 0;
	case 8:
		member->type = LAYOUT_U64;
		return 0;
	default:
		return refuse(reader, member->name, "no number of 1, 2, 4 or 8 bytes");
	}
}

static int read_bytes(const struct reader *reader, const struct place *ours,
		      const struct place *theirs, struct layout_member *member)
{
	member->type = LAYOUT_U8_ARRAY;
	member->count = btf_array(ours->type)->nelems;
	if (btf__resolve_size(reader->theirs, theirs->type_id) < member->count)
		return refuse(reader, member->name, "is too short");
	return 0;
}

static int read_struct(const struct reader *reader, const struct place *ours,
		       const struct place *theirs, struct layout_member *member)
{
	const char *name = btf__name_by_offset(reader->ours, ours->type->name_off);

	if (!btf_is_composite(theirs->type))
		return refuse(reader, member->name, "is no struct");
	member->type = name[0] ? LAYOUT_NAMED : LAYOUT_GROUP;
	(void)snprintf(member->type_name, sizeof(member->type_name), "%s", name);
	return 0;
}

static int read_member(const struct reader *reader, const struct place *ours,
		       const struct place *theirs, struct layout_member *member)
{
	member->byte = theirs->bits / 8;
	if (btf_is_composite(ours->type))
		return read_struct(reader, ours, theirs, member);
	if (btf_is_array(ours->type))
		return read_bytes(reader, ours, theirs, member);
	if (!btf_is_ptr(ours->type))
		return read_number(reader, ours, theirs, member);
	member->type = LAYOUT_PTR;
	return btf_is_ptr(theirs->type) ? 0 : refuse(reader, member->name, "is no pointer");
}

static bool has_member(const struct layout_struct *layout, const char *name)
{
	for (size_t i = 0; name && i < layout->member_count; i++) {
		if (strcmp(layout->members[i].name, name) == 0)
			return true;
	}
	return false;
}

static int read_members(const struct reader *reader, const char *prefix,
			const struct btf_type *ours, const struct btf_type *theirs, uint32_t base);

static int add_member(const struct reader *reader, const char *prefix, const char *name,
		      const struct place *ours, const struct place *theirs)
{
	struct layout_member *member = &reader->out->members[reader->out->member_count];
	int ret;

	*member = (struct layout_member){0};
	(void)snprintf(member->name, sizeof(member->name), "%s%s%s", prefix, prefix[0] ? "." : "",
		       name);
	if (has_member(reader->out, member->name))
		return 0;
	if (reader->out->member_count == LAYOUT_MEMBERS_MAX - 1)
		return refuse(reader, name, "too many members");
	ret = read_member(reader, ours, theirs, member);
	if (ret < 0)
		return ret;
	reader->out->member_count++;
	if (member->type != LAYOUT_GROUP)
		return 0;
	return read_members(reader, name, ours->type, theirs->type, theirs->bits);
}

static int read_members(const struct reader *reader, const char *prefix,
			const struct btf_type *ours, const struct btf_type *theirs, uint32_t base)
{
	struct place place;
	int ret = 0;

	for (uint32_t i = 0; i < btf_vlen(ours) && ret == 0; i++) {
		const char *name = btf__name_by_offset(reader->ours, btf_members(ours)[i].name_off);
		struct place wanted = place_of(reader->ours, ours, i, 0);

		if (find_member(reader->theirs, theirs, name, base, &place))
			ret = add_member(reader, prefix, name, &wanted, &place);
	}
	return ret;
}

/* --- structs -----------------------------------------------------------------------------------*/

/* The programs know a struct in several flavours (NAME___FLAVOUR), for older releases. */
static bool is_flavour(const char *type_name, const char *name)
{
	size_t len = strlen(name);

	return strncmp(type_name, name, len) == 0 &&
	       (type_name[len] == '\0' || strncmp(type_name + len, "___", 3) == 0);
}

static int read_flavours(const struct reader *reader, const struct btf_type *theirs)
{
	uint32_t count = btf__type_cnt(reader->ours);
	int ret = 0;

	for (uint32_t id = 1; id < count && ret == 0; id++) {
		const struct btf_type *type = btf__type_by_id(reader->ours, id);
		const char *name = btf__name_by_offset(reader->ours, type->name_off);

		if (btf_is_struct(type) && is_flavour(name, reader->out->name))
			ret = read_members(reader, "", type, theirs, 0);
	}
	return ret;
}

static int read_one(struct reader *reader, const char *name, const char *abi,
		    struct layout_table *table)
{
	const struct btf_type *theirs = find_struct(reader->theirs, name);
	int ret;

	if (!theirs || layout_table_find(table, abi, name))
		return 0;
	if (table->count == LAYOUT_STRUCTS_MAX)
		return error_set(reader->error_r, E2BIG, "too many structs");
	reader->out = &table->structs[table->count];
	*reader->out = (struct layout_struct){.size = theirs->size, .abi_count = 1};
	(void)snprintf(reader->out->name, LAYOUT_NAME_MAX, "%s", name);
	(void)snprintf(reader->out->abis[0], ABI_MAX, "%s", abi);
	ret = read_flavours(reader, theirs);
	if (ret < 0)
		return ret;
	table->count++;
	return 1;
}

static int read_all(struct reader *reader, const char *abi, struct layout_table *table)
{
	int added = 0;

	for (size_t i = 0; i < sizeof(structs) / sizeof(structs[0]); i++) {
		int ret = read_one(reader, structs[i], abi, table);

		if (ret < 0)
			return ret;
		added += ret;
	}
	return added;
}

int layout_read_btf(const struct btf *programs, const struct btf *btf, const char *abi,
		    struct layout_table *table, struct error *error_r)
{
	struct reader reader = {.ours = programs, .theirs = btf, .error_r = error_r};

	return read_all(&reader, abi, table);
}

int layout_read_check(const struct layout_table *table, const char *abi, struct error *error_r)
{
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		const struct layout_struct *layout = layout_table_find(table, abi, required[i].in);

		if (!layout)
			return error_set(error_r, ENOENT, "struct %s is not described there",
					 required[i].in);
		if (!has_member(layout, required[i].member) &&
		    !has_member(layout, required[i].or_member))
			return error_set(error_r, ENOENT,
					 "struct %s has no %s: this Dovecot needs a newer dovetap",
					 required[i].in, required[i].member);
	}
	return 0;
}
