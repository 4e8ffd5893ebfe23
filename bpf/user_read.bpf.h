/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bounded reads of the probed process's memory into a record. Every reader takes the address of a
 * member, or NULL when this release does not have it, and keeps the record's bits honest: present
 * only with a value, failed when memory could not be read, truncated when a text was cut. A NULL
 * pointer in Dovecot is an absent value.
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

/* Keeps the compiler from computing an address outside the branch that checks that the member
 * exists: there the relocation would fail. */
#define pinned(address)                                                                            \
	({                                                                                         \
		const void *pinned_ = (address);                                                   \
		asm volatile("" : "+r"(pinned_));                                                  \
		pinned_;                                                                           \
	})

/* Address of object->member; NULL when the release has no such member. */
#define user_member(object, member)                                                                \
	({                                                                                         \
		const void *member_ = (void *)0;                                                   \
		if (bpf_core_field_exists((object)->member))                                       \
			member_ = pinned(&(object)->member);                                       \
		member_;                                                                           \
	})

/* Value of an integer or bit-field of any width; 0 when absent or unreadable. The shifts come from
 * relocations; libbpf's own macro for this reads kernel memory. */
#define user_number(object, member)                                                                \
	({                                                                                         \
		__u64 number_ = 0;                                                                 \
		if (bpf_core_field_exists((object)->member)) {                                     \
			bpf_probe_read_user(&number_, __CORE_RELO(object, member, BYTE_SIZE),      \
					    (const void *)(object) +                               \
						    __CORE_RELO(object, member, BYTE_OFFSET));     \
			number_ <<= __CORE_RELO(object, member, LSHIFT_U64);                       \
			number_ >>= __CORE_RELO(object, member, RSHIFT_U64);                       \
		}                                                                                  \
		number_;                                                                           \
	})

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
 * the byte behind the last one that was copied tells them apart. */
static __always_inline bool text_was_cut(const char *text, __u32 size, long copied)
{
	char next = 1;

	if (copied < size)
		return false;
	bpf_probe_read_user(&next, sizeof(next), text + size - 1);
	return next != '\0';
}

static __always_inline void read_text(struct dovetap_event_head *head, __u32 field, bool longer,
				      const void *member)
{
	const __u32 size = text_slot_size(field, longer);
	char *slot = text_slot(head, field, longer);
	const char *text = (void *)0;
	long copied;

	slot[0] = '\0';
	if (!member || !(wanted_texts & DOVETAP_BIT(field)))
		return;
	if (bpf_probe_read_user(&text, sizeof(text), member) < 0)
		goto failed;
	if (!text)
		return;
	copied = bpf_probe_read_user_str(slot, size, text);
	if (copied <= 0)
		goto failed;
	head->length[field] = copied - 1;
	head->present |= DOVETAP_BIT(field);
	if (text_was_cut(text, size, copied))
		head->truncated |= DOVETAP_BIT(field);
	return;
failed:
	head->failed |= DOVETAP_BIT(field);
}

/* Reads a struct ip_addr that starts at address; absent when its family is neither IPv4 nor IPv6.
 */
static __always_inline void read_ip(struct dovetap_event_head *head, __u32 field, __u16 *family_r,
				    __u8 bytes_r[16], const void *address)
{
	const struct ip_addr *ip = address;
	__u16 family = 0;
	long error;

	if (!ip)
		return;
	error = bpf_probe_read_user(&family, sizeof(family), &ip->family);
	if (!error && family == AF_INET)
		error = bpf_probe_read_user(bytes_r, 4, &ip->u.ip6);
	else if (!error && family == AF_INET6)
		error = bpf_probe_read_user(bytes_r, 16, &ip->u.ip6);
	else if (!error)
		return;
	if (error) {
		head->failed |= DOVETAP_BIT(field);
		return;
	}
	*family_r = family;
	head->present |= DOVETAP_BIT(field);
}

/* The same through a pointer member. */
static __always_inline void read_ip_pointer(struct dovetap_event_head *head, __u32 field,
					    __u16 *family_r, __u8 bytes_r[16], const void *member)
{
	const void *ip = (void *)0;

	if (bpf_probe_read_user(&ip, sizeof(ip), member) < 0)
		head->failed |= DOVETAP_BIT(field);
	else
		read_ip(head, field, family_r, bytes_r, ip);
}

/* A port of 0 is Dovecot's "none". */
static __always_inline void read_port(struct dovetap_event_head *head, __u32 field, __u16 *port_r,
				      const void *member)
{
	__u16 port = 0;

	if (!member)
		return;
	if (bpf_probe_read_user(&port, sizeof(port), member) < 0) {
		head->failed |= DOVETAP_BIT(field);
		return;
	}
	*port_r = port;
	if (port)
		head->present |= DOVETAP_BIT(field);
}

#endif
