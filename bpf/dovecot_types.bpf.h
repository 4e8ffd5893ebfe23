/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dovecot's structs as far as they are read here. Only names and kinds count: offsets are relocated
 * when the object is loaded with the BTF of one Dovecot ABI (layouts/). The order and the gaps
 * below mean nothing. Members that not every release has must be guarded by
 * bpf_core_field_exists().
 */
#ifndef DOVETAP_DOVECOT_TYPES_BPF_H
#define DOVETAP_DOVECOT_TYPES_BPF_H

#include <vmlinux.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ip_addr {
	__u16 family; /* AF_INET, AF_INET6, 0 = none */
	struct {
		__u8 ip6[16]; /* IPv4 in the first four bytes */
	} u;
};

/* src/lib-storage/mail-user.h */
struct mail_user {
	const struct mail_storage_service_user *_service_user; /* 2.3 */
	const struct mail_storage_service_user *service_user;  /* 2.4 */
	const char *username;
	const char *_home; /* NULL until somebody needed it */
	__u32 uid, gid;	   /* (uid_t)-1 = not set */
	const char *service;
	const char *protocol; /* 2.4 */
	const char *session_id;

	struct {
		const struct ip_addr *local_ip, *remote_ip;
		__u16 local_port, remote_port;
		const char *local_name;		 /* 2.4 */
		__u8 secured : 1;		 /* 2.3 */
		__u8 end_client_tls_secured : 1; /* 2.4 */
	} conn;

	const char *auth_mech; /* 2.3.9 */
	const char *auth_user;
	const char *master_user; /* 2.4 */
	const char *error;

	__u8 anonymous : 1;
	__u8 autocreated : 1;
	__u8 admin : 1;
	__u8 session_restored : 1;
};

/* Of the mail storage service; private before 2.4. */
struct mail_storage_service_user {
	struct {
		const char *username;
	} input;
	__u32 flags;
};

/* src/auth/auth-request.h and auth-fields.h */
struct auth_request {
	__s32 passdb_result;
	const void *handler;

	struct { /* 2.3.13 */
		const char *user;
		const char *master_user;
		const char *original_username;
		const char *service;  /* 2.3 */
		const char *protocol; /* 2.4 */
		const char *mech_name;
		const char *session_id;
		const char *local_name;
		const char *client_id;
		const void *extra_fields; /* struct auth_fields below */
		struct ip_addr local_ip, remote_ip, real_local_ip, real_remote_ip;
		__u16 local_port, remote_port, real_local_port, real_remote_port;
		__u32 secured;	    /* 2.3 */
		__u32 conn_secured; /* 2.4 */
		__u8 successful : 1;
	} fields;

	__u8 auth_only : 1;
	__u8 internal_failure : 1;
	__u8 policy_refusal : 1;
};

/* The same struct before 2.3.13, without the nested one. */
struct auth_request___flat {
	const char *user;
	const char *master_user;
	const char *original_username;
	const char *service;
	const char *mech_name;
	const char *session_id;
	const char *local_name;
	const char *client_id;
	const void *extra_fields; /* struct auth_fields below */
	struct ip_addr local_ip, remote_ip, real_local_ip, real_remote_ip;
	__u16 local_port, remote_port, real_local_port, real_remote_port;
	__u32 secured; /* one bit in 2.3.0 */
	__u8 auth_only : 1;
	__u8 successful : 1;
	__u8 policy_refusal : 1;
};

/* src/login-common/client-common.h */
struct client {
	const char *session_id;
};

#pragma clang attribute pop

/*
 * The passdb's fields of a user, src/auth/auth-fields.c: a list in Dovecot's array type. These are
 * no part of any layout, because all releases have them like this (2.3.0 to 2.4.5); another
 * auth_field would have another element size, which Dovecot keeps in the array.
 */
struct auth_field {
	const char *key, *value; /* value may be NULL */
	__u32 flags, padding;
};

struct buffer {
	const struct auth_field *data;
	__u64 used; /* bytes */
};

struct auth_fields {
	const void *pool;
	const struct buffer *buffer; /* NULL: empty */
	__u64 element_size;
};

#endif
