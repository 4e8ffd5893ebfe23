/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bounded reads of the probed process's memory into a record.
 *
 * A read of user memory is the dearest thing that these programs do, so an object is not read
 * member by member: a stretch of it is copied to the stack at one go, and members are taken from
 * there by their relocated offsets. With a layout in which the stretch does not cover a member the
 * object does not load.
 *
 * The readers keep the record's bits honest: present only with a value, failed when memory could
 * not be read, truncated when a text was cut. A NULL pointer in Dovecot is an absent value, and so
 * is a member that this release does not have.
 */
#ifndef DOVETAP_USER_READ_BPF_H
#define DOVETAP_USER_READ_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <dovetap/event.h>

#include "dovecot_types.bpf.h"
#include "maps.bpf.h"

#define AF_INET	 2
#define AF_INET6 10

/* Keeps the compiler from moving a relocated value out of the branch which checks that the member
 * exists: elsewhere the relocation would fail. */
#define pinned(value)                                                                              \
	({                                                                                         \
		__u64 pinned_ = (value);                                                           \
		asm volatile("" : "+r"(pinned_));                                                  \
		pinned_;                                                                           \
	})

#define member_offset(object, member) pinned(__CORE_RELO(object, member, BYTE_OFFSET))
#define member_size(object, member)   pinned(__CORE_RELO(object, member, BYTE_SIZE))

/* Bytes from one member to another: one number, since nothing may be subtracted from a pointer. */
#define member_distance(object, first, member)                                                     \
	pinned(member_offset(object, member) - member_offset(object, first))

/* A stretch is what lies from the member first up to the end of the member last. */
#define stretch_size(object, first, last)                                                          \
	(member_distance(object, first, last) + member_size(object, last))

/* What no stack can hold. It is where members outside their stretch are looked for, and how much of
 * a stretch is read that is larger than its array: then the verifier refuses the program. With any
 * other layout these branches are gone once their figures are relocated. */
#define OUTSIDE (1U << 20)

/* Copies a stretch of object to an array on the stack. Not 0 when the memory cannot be read. */
#define read_stretch(array, object, first, last)                                                   \
	({                                                                                         \
		__u64 size_ = stretch_size(object, first, last);                                   \
		if (size_ > sizeof(array))                                                         \
			size_ = OUTSIDE;                                                           \
		bpf_probe_read_user(array, size_,                                                  \
				    (const void *)(object) + member_offset(object, first));        \
	})

/* Where a member lies in a stretch. */
#define member_place(object, first, last, member)                                                  \
	({                                                                                         \
		__u64 place_ = member_distance(object, first, member);                             \
		if (place_ > stretch_size(object, first, last) - member_size(object, member))      \
			place_ = OUTSIDE;                                                          \
		place_;                                                                            \
	})

#define WORDS(array) (sizeof(array) / sizeof((array)[0]))

/* Goes on with a sum: other words, or these in another order, give another. The verifier wants all
 * of them to have been written, also behind a stretch that is shorter than its array. */
static __always_inline __u64 words_sum(const __u64 *words, __u32 count, __u64 sum)
{
#pragma unroll
	for (__u32 i = 0; i < count; i++)
		sum = sum * 0x100000001b3 + words[i]; /* the prime of FNV */
	return sum;
}

/* All widths that an integer, a pointer or the word around a bit-field can have. The width is a
 * constant once the object is relocated: one of the branches stays. */
static __always_inline __u64 word_at(const void *at, __u64 size)
{
	switch (size) {
	case 1:
		return *(const __u8 *)at;
	case 2:
		return *(const __u16 *)at;
	case 4:
		return *(const __u32 *)at;
	}
	return *(const __u64 *)at;
}

/* Value of an integer, pointer or bit-field in a stretch; 0 when the release does not have the
 * member. The shifts are relocated, too, and cut out a bit-field. */
#define member_value(array, object, first, last, member)                                           \
	({                                                                                         \
		__u64 value_ = 0;                                                                  \
		if (bpf_core_field_exists((object)->member)) {                                     \
			value_ = word_at((const void *)(array) +                                   \
						 member_place(object, first, last, member),        \
					 member_size(object, member));                             \
			value_ <<= pinned(__CORE_RELO(object, member, LSHIFT_U64));                \
			value_ >>= pinned(__CORE_RELO(object, member, RSHIFT_U64));                \
		}                                                                                  \
		value_;                                                                            \
	})

/* The same for a member that lies alone, by a read of its own; 0 when it cannot be read. */
#define lone_value(object, member)                                                                 \
	({                                                                                         \
		__u64 lone_ = 0;                                                                   \
		if (bpf_core_field_exists((object)->member)) {                                     \
			__u64 word_[1] = {};                                                       \
			read_stretch(word_, object, member, member);                               \
			lone_ = member_value(word_, object, member, member, member);               \
		}                                                                                  \
		lone_;                                                                             \
	})

/* The flag if value is not 0. Without a branch, since the verifier follows every combination of
 * those; value is below 2^63. */
static __always_inline __u32 flag_if(__u64 value, __u32 flag)
{
	return (__u32)((0 - value) >> 63) * flag;
}

/* Where a text field lives in a record of the given size, and how large its slot is. All of this
 * is constant after inlining. */
static __always_inline char *text_slot(struct dovetap_event_head *head, __u32 field, bool longer)
{
	switch (field) {
#define DOVETAP_X(id, member, ordinary, long_)                                                     \
	case DOVETAP_FIELD_##id:                                                                   \
		return longer ? ((struct dovetap_event_long *)head)->member                        \
			      : ((struct dovetap_event *)head)->member;
		DOVETAP_TEXT_FIELDS(DOVETAP_X)
#undef DOVETAP_X
	}
	return (void *)0;
}

static __always_inline __u32 text_slot_size(__u32 field, bool longer)
{
	switch (field) {
#define DOVETAP_X(id, member, ordinary, long_)                                                     \
	case DOVETAP_FIELD_##id:                                                                   \
		return longer ? long_ : ordinary;
		DOVETAP_TEXT_FIELDS(DOVETAP_X)
#undef DOVETAP_X
	}
	return 0;
}

/* The helper fills a slot to the brim both for a text that fits exactly and for a longer one: only
 * the byte behind the last one that was copied distinguishes them. */
static __always_inline bool text_was_cut(const char *text, __u32 size, long copied)
{
	char next = 1;

	if (copied < size)
		return false;
	bpf_probe_read_user(&next, sizeof(next), text + size - 1);
	return next != '\0';
}

/* text is the pointer as Dovecot has it. */
static __always_inline void read_text(struct dovetap_event_head *head, __u32 field, bool longer,
				      __u64 text)
{
	const __u32 size = text_slot_size(field, longer);
	char *slot = text_slot(head, field, longer);
	long copied;

	slot[0] = '\0';
	if (!text || !(wanted_texts & DOVETAP_BIT(field)))
		return;
	copied = bpf_probe_read_user_str(slot, size, (const void *)text);
	if (copied < 0) {
		slot[0] = '\0';
		head->failed |= DOVETAP_BIT(field);
		return;
	}
	/* For an empty text 5.10 returns 0, newer kernels count the NUL. */
	head->length[field] = copied > 0 ? copied - 1 : 0;
	head->present |= DOVETAP_BIT(field);
	if (text_was_cut((const char *)text, size, copied))
		head->truncated |= DOVETAP_BIT(field);
}

/* Words of a stretch that holds a struct ip_addr: 4 bytes of family, 16 of address. */
#define IP_WORDS 5

/* Takes an address out of a stretch; absent when its family is neither IPv4 nor IPv6. ip only names
 * the type. The address lies on a multiple of four bytes. */
static __always_inline void take_ip(struct dovetap_event_head *head, __u32 field, __u16 *family_r,
				    __u8 bytes_r[16], const __u32 *at)
{
	const struct ip_addr *ip = (void *)0;
	__u16 family = *(const __u16 *)((const void *)at + member_offset(ip, family));
	const __u32 *from = (const void *)at + member_offset(ip, u.ip6);
	__u32 *to = (__u32 *)bytes_r;

	if (family != AF_INET && family != AF_INET6)
		return;
	to[0] = from[0];
	if (family == AF_INET6) {
		to[1] = from[1];
		to[2] = from[2];
		to[3] = from[3];
	}
	*family_r = family;
	head->present |= DOVETAP_BIT(field);
}

/* The same through a pointer. */
static __always_inline void read_ip(struct dovetap_event_head *head, __u32 field, __u16 *family_r,
				    __u8 bytes_r[16], __u64 pointer)
{
	const struct ip_addr *ip = (const void *)pointer;
	__u32 stretch[IP_WORDS];

	if (!ip)
		return;
	if (read_stretch(stretch, ip, family, u.ip6) != 0)
		head->failed |= DOVETAP_BIT(field);
	else
		take_ip(head, field, family_r, bytes_r, stretch);
}

/* A port of 0 is Dovecot's "none". */
static __always_inline void take_port(struct dovetap_event_head *head, __u32 field, __u16 *port_r,
				      __u16 port)
{
	*port_r = port;
	if (port)
		head->present |= DOVETAP_BIT(field);
}

#endif
