/* SPDX-License-Identifier: MIT */
#include "attach/kernel_types.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cgroup_v1.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

#define DEPTH_MAX 8 /* of structs in one another */

static const struct {
	const char *type, *members;
} wanted[DOVETAP_KERNEL_COUNT] = {
#define DOVETAP_X(id, type, members) [DOVETAP_KERNEL_##id] = {type, members},
	DOVETAP_KERNEL_MEMBERS(DOVETAP_X)
#undef DOVETAP_X
};

static const struct btf_type *plain_type(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = btf__type_by_id(btf, type->type);
	return type;
}

struct place {
	const struct btf_type *type; /* NULL: not found */
	uint32_t offset;
};

static struct place find_member(const struct btf *btf, const struct btf_type *in, const char *name,
				size_t length, int depth);

static struct place look_at(const struct btf *btf, const struct btf_type *in, uint16_t index,
			    const char *name, size_t length, int depth)
{
	const struct btf_member *member = &btf_members(in)[index];
	const char *its = btf__name_by_offset(btf, member->name_off);
	const struct btf_type *type = plain_type(btf, member->type);
	uint32_t offset = btf_member_bit_offset(in, index) / 8;
	struct place place = {NULL, 0};

	if (strlen(its) == length && memcmp(its, name, length) == 0)
		return (struct place){type, offset};
	if (!its[0] && type)
		place = find_member(btf, type, name, length, depth + 1);
	place.offset += offset;
	return place;
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by DEPTH_MAX */
static struct place find_member(const struct btf *btf, const struct btf_type *in, const char *name,
				size_t length, int depth)
{
	struct place place = {NULL, 0};

	if (depth > DEPTH_MAX || !btf_is_composite(in))
		return place;
	for (uint16_t i = 0; i < btf_vlen(in) && !place.type; i++)
		place = look_at(btf, in, i, name, length, depth);
	return place;
}

/* One path without "|", of the given length. */
static int path_offset(const struct btf *btf, const struct btf_type *in, const char *path,
		       size_t length)
{
	uint32_t offset = 0;

	while (length > 0) {
		const char *dot = memchr(path, '.', length);
		size_t part = dot ? (size_t)(dot - path) : length;
		struct place place = find_member(btf, in, path, part, 0);

		if (!place.type)
			return -ENOENT;
		offset += place.offset;
		in = place.type;
		part += dot != NULL;
		path += part;
		length -= part;
	}
	return (int)offset;
}

int kernel_types_offset(const struct btf *btf, const char *type, const char *members)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT), ret = -ENOENT;
	const struct btf_type *in = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	while (in && ret < 0 && *members) {
		size_t length = strcspn(members, "|");

		ret = path_offset(btf, in, members, length);
		members += length + (members[length] == '|');
	}
	return ret;
}

/* Typed reads cost the verifier a search by name through all types of the kernel for each read:
 * a program loads in a third of the time with the helper, which lockdown=confidentiality
 * forbids. */
static enum dovetap_kernel_reads ways_to_read(struct error *error_r)
{
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_probe_read_kernel, NULL) > 0)
		return DOVETAP_KERNEL_HELPER;
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_current_task_btf, NULL) > 0)
		return DOVETAP_KERNEL_TYPED;
	error_set(error_r, EPERM, "BPF programs may not read the kernel's memory here");
	return DOVETAP_KERNEL_NOT;
}

static int find_all(const struct btf *btf, uint32_t offsets_r[DOVETAP_KERNEL_COUNT],
		    struct error *error_r)
{
	for (size_t i = 0; i < DOVETAP_KERNEL_COUNT; i++) {
		int offset = kernel_types_offset(btf, wanted[i].type, wanted[i].members);

		if (offset < 0)
			return error_set(error_r, ENOENT, "this kernel has no %s in struct %s",
					 wanted[i].members, wanted[i].type);
		offsets_r[i] = (uint32_t)offset;
	}
	return 0;
}

enum dovetap_kernel_reads kernel_types_find(uint32_t offsets_r[DOVETAP_KERNEL_COUNT],
					    struct error *error_r)
{
	struct btf *btf = btf__load_vmlinux_btf();
	enum dovetap_kernel_reads reads = DOVETAP_KERNEL_NOT;

	if (!btf)
		error_set(error_r, errno, "the kernel's BTF cannot be read: %s", strerror(errno));
	else if (find_all(btf, offsets_r, error_r) == 0)
		reads = ways_to_read(error_r);
	btf__free(btf);
	return reads;
}

int kernel_types_controller(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, "cgroup_subsys_id", BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	size_t length = strlen(name);

	for (uint16_t i = 0; type && i < btf_vlen(type); i++) {
		const struct btf_enum *value = &btf_enum(type)[i];
		const char *its = btf__name_by_offset(btf, value->name_off);

		if (strncmp(its, name, length) == 0 && strcmp(its + length, "_cgrp_id") == 0)
			return value->val * (int)sizeof(uint64_t);
	}
	return -ENOENT;
}

static const struct {
	const char *type, *members;
} cgroup_way[DOVETAP_CGROUP_V1_COUNT] = {
#define DOVETAP_X(id, type, members) [DOVETAP_CGROUP_##id] = {type, members},
	DOVETAP_CGROUP_V1_MEMBERS(DOVETAP_X)
#undef DOVETAP_X
};

/* Returns 0, or a negative errno when some of it is not known. */
static int find_cgroup_way(const struct btf *btf, int which,
			   uint32_t offsets_r[DOVETAP_CGROUP_V1_COUNT])
{
	int place = kernel_types_controller(btf, cgroup_v1_name(which));

	if (place < 0)
		return place;
	for (size_t i = 0; i < DOVETAP_CGROUP_V1_COUNT; i++) {
		int offset = kernel_types_offset(btf, cgroup_way[i].type, cgroup_way[i].members);

		if (offset < 0)
			return offset;
		offsets_r[i] = (uint32_t)offset;
	}
	offsets_r[DOVETAP_CGROUP_CSS_SET_SUBSYS] += (uint32_t)place;
	return 0;
}

int kernel_facts_use_cgroup_v1(struct kernel_facts *facts, int which)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int ret = btf ? find_cgroup_way(btf, which, facts->cgroup_v1_offsets) : -ENOENT;

	if (ret == 0 && facts->reads != DOVETAP_KERNEL_NOT)
		facts->cgroup_v1_mark = DOVETAP_CGROUP_V1_MARK((unsigned int)which);
	btf__free(btf);
	return ret;
}

void kernel_facts_find(struct kernel_facts *facts_r, struct error *error_r)
{
	int which = cgroup_v1_find(CGROUP_ROOT);
	struct stat st;

	*facts_r = (struct kernel_facts){.reads = DOVETAP_KERNEL_NOT};
	facts_r->reads = kernel_types_find(facts_r->offsets, error_r);
	if (stat("/proc/self/ns/pid", &st) == 0)
		facts_r->own_pid_ns = (uint32_t)st.st_ino;
	/* Without it a group of version 1 is read from the process, while that is there. */
	if (which >= 0)
		(void)kernel_facts_use_cgroup_v1(facts_r, which);
}
