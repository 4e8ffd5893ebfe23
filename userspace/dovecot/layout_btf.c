/* SPDX-License-Identifier: MIT */
#include "dovecot/layout_btf.h"

#include <bpf/btf.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdbool.h>

/* In an order in which each is behind those that it embeds. */
static const struct known_struct {
	const char *name;
	bool required;
} known_structs[] = {
	{"ip_addr", true},	{"mail_user", true}, {"mail_storage_service_user", false},
	{"auth_request", true}, {"client", false},
};

#define KNOWN_STRUCTS (sizeof(known_structs) / sizeof(known_structs[0]))

/* Type ids of what members are made of. A negative id is libbpf's error, kept until the end. */
struct maker {
	const struct layout_table *table;
	const char *abi;
	struct btf *btf;
	int ids[LAYOUT_U8_ARRAY + 1];
	int failed; /* first negative errno */
};

static int keep(struct maker *maker, int result)
{
	if (result < 0 && maker->failed == 0)
		maker->failed = result;
	return result;
}

static void add_scalars(struct maker *maker)
{
	maker->ids[LAYOUT_PTR] = keep(maker, btf__add_ptr(maker->btf, 0));
	maker->ids[LAYOUT_U8] = keep(maker, btf__add_int(maker->btf, "u8", 1, 0));
	maker->ids[LAYOUT_U16] = keep(maker, btf__add_int(maker->btf, "u16", 2, 0));
	maker->ids[LAYOUT_U32] = keep(maker, btf__add_int(maker->btf, "u32", 4, 0));
	maker->ids[LAYOUT_U64] = keep(maker, btf__add_int(maker->btf, "u64", 8, 0));
	maker->ids[LAYOUT_S32] = keep(maker, btf__add_int(maker->btf, "s32", 4, BTF_INT_SIGNED));
	maker->ids[LAYOUT_BIT] = maker->ids[LAYOUT_U8];
}

static bool is_nested_in(const struct layout_member *member, const struct layout_member *group)
{
	size_t len = strlen(group->name);

	return strncmp(member->name, group->name, len) == 0 && member->name[len] == '.';
}

/* A group ends where its last listed member does. */
static uint32_t group_size(const struct maker *maker, const struct layout_struct *layout,
			   const struct layout_member *group)
{
	uint32_t end = group->byte;

	for (size_t i = 0; i < layout->member_count; i++) {
		const struct layout_member *member = &layout->members[i];
		uint32_t member_end =
			member->byte + layout_member_size(maker->table, maker->abi, member);

		if (is_nested_in(member, group) && member_end > end)
			end = member_end;
	}
	return end - group->byte;
}

static int type_id(struct maker *maker, const struct layout_member *member)
{
	if (member->type == LAYOUT_NAMED)
		return keep(maker,
			    btf__find_by_name_kind(maker->btf, member->type_name, BTF_KIND_STRUCT));
	if (member->type == LAYOUT_U8_ARRAY)
		return keep(maker, btf__add_array(maker->btf, maker->ids[LAYOUT_U32],
						  maker->ids[LAYOUT_U8], member->count));
	return maker->ids[member->type];
}

static void add_field(struct maker *maker, const char *name, const struct layout_member *member,
		      uint32_t base, int type)
{
	uint32_t bits = (member->byte - base) * 8 + member->bit;

	keep(maker, btf__add_field(maker->btf, name, type, bits, member->type == LAYOUT_BIT));
}

/* Fields are added to the type that was added last, so types that a struct needs come before it:
 * ids of its members are collected first. group NULL means the struct itself. */
static int add_struct(struct maker *maker, const struct layout_struct *layout,
		      const struct layout_member *group, const int ids[LAYOUT_MEMBERS_MAX])
{
	uint32_t size = group ? group_size(maker, layout, group) : layout->size;
	int id = keep(maker, btf__add_struct(maker->btf, group ? NULL : layout->name, size));

	for (size_t i = 0; i < layout->member_count; i++) {
		const struct layout_member *member = &layout->members[i];

		if (group && is_nested_in(member, group))
			add_field(maker, member->name + strlen(group->name) + 1, member,
				  group->byte, ids[i]);
		else if (!group && !strchr(member->name, '.'))
			add_field(maker, member->name, member, 0, ids[i]);
	}
	return id;
}

static void add_layout(struct maker *maker, const struct layout_struct *layout)
{
	int ids[LAYOUT_MEMBERS_MAX] = {0};

	for (size_t i = 0; i < layout->member_count; i++) {
		if (layout->members[i].type != LAYOUT_GROUP)
			ids[i] = type_id(maker, &layout->members[i]);
	}
	for (size_t i = 0; i < layout->member_count; i++) {
		if (layout->members[i].type == LAYOUT_GROUP)
			ids[i] = add_struct(maker, layout, &layout->members[i], ids);
	}
	add_struct(maker, layout, NULL, ids);
}

static int add_all(struct maker *maker, struct error *error_r)
{
	for (size_t i = 0; i < KNOWN_STRUCTS; i++) {
		const struct known_struct *known = &known_structs[i];
		const struct layout_struct *layout =
			layout_table_find(maker->table, maker->abi, known->name);

		if (layout)
			add_layout(maker, layout);
		else if (known->required)
			return error_set(error_r, ENOENT, "ABI %s: no layout of struct %s",
					 maker->abi, known->name);
	}
	if (maker->failed < 0)
		return error_set(error_r, -maker->failed, "ABI %s: cannot make BTF: %s", maker->abi,
				 strerror(-maker->failed));
	return 0;
}

int layout_btf_make(const struct layout_table *table, const char *abi, struct btf **btf_r,
		    struct error *error_r)
{
	struct maker maker = {.table = table, .abi = abi, .btf = btf__new_empty()};
	int ret;

	if (!maker.btf)
		return error_set(error_r, errno, "cannot make BTF: %s", strerror(errno));
	add_scalars(&maker);
	ret = add_all(&maker, error_r);
	if (ret < 0) {
		btf__free(maker.btf);
		return ret;
	}
	*btf_r = maker.btf;
	return 0;
}
