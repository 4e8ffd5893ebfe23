/* SPDX-License-Identifier: GPL-2.0-only */
/* The one field of a passdb's answer that is read: "host", where the login is to be proxied to. */
#ifndef DOVETAP_AUTH_FIELDS_BPF_H
#define DOVETAP_AUTH_FIELDS_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

#include "dovecot_types.bpf.h"

#define FIELDS_MAX 24 /* of a user; "host" behind them is not found */

/* "host" and its NUL, as the first eight bytes of a zeroed buffer. */
#define KEY_HOST 0x74736f68ULL

static __always_inline bool auth_field_is_host(const struct auth_field *field)
{
	__u64 key = 0;

	return bpf_probe_read_user_str(&key, sizeof(key), field->key) == 5 && key == KEY_HOST;
}

/* Pointer to the value, or 0. Data of an unexpected shape is no host, never a guess. */
static __always_inline __u64 auth_field_find_host(const struct auth_fields *fields)
{
	struct auth_fields list;
	struct auth_field field;
	struct buffer buffer;

	if (!fields || bpf_probe_read_user(&list, sizeof(list), fields) != 0 || !list.buffer ||
	    list.element_size != sizeof(field) ||
	    bpf_probe_read_user(&buffer, sizeof(buffer), list.buffer) != 0)
		return 0;
	for (__u32 i = 0; i < FIELDS_MAX && (i + 1) * sizeof(field) <= buffer.used; i++) {
		if (bpf_probe_read_user(&field, sizeof(field), buffer.data + i) != 0)
			return 0;
		if (auth_field_is_host(&field))
			return (__u64)field.value;
	}
	return 0;
}

#endif
