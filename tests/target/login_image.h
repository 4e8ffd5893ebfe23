/* SPDX-License-Identifier: MIT */
/*
 * One login's values, put into the structs that Dovecot would have at each probe. Texts and the
 * login itself stay the caller's and must outlive the images.
 */
#ifndef DOVETAP_TARGET_LOGIN_IMAGE_H
#define DOVETAP_TARGET_LOGIN_IMAGE_H

#include "target/image.h"

/* What the passdb said, as src/auth/auth-fields.c keeps it. */
struct target_field {
	const char *key, *value;
	uint32_t flags, padding;
};

struct target_buffer {
	const struct target_field *data;
	uint64_t used; /* bytes */
	void *priv[7];
};

struct target_fields {
	void *pool;
	const struct target_buffer *buffer;
	uint64_t element_size;
	struct {
		const struct target_buffer *buffer;
		uint64_t element_size;
	} snapshot;
};

/* A text that is NULL is a NULL pointer in Dovecot. */
struct target_login {
	const char *username, *auth_user, *master_user, *home, *session_id;
	const char *service, *protocol, *mech, *local_name, *client_id;
	uint16_t remote_family, local_family; /* 0 = no address */
	uint8_t remote_ip[16], local_ip[16];
	uint16_t remote_port, local_port;
	uint16_t real_remote_family, real_local_family; /* of the auth_request */
	uint8_t real_remote_ip[16], real_local_ip[16];
	uint16_t real_remote_port, real_local_port;
	uint32_t uid, gid;
	bool anonymous, admin, secured, autocreated, session_restored;
	const char *error;    /* of the mail_user */
	bool without_plugins; /* as "doveadm user" makes it */
	bool successful, auth_only, policy_refusal, internal_failure;
	bool has_handler, tls; /* tls: secured, and more */
	const struct target_fields *extra_fields;
	int32_t passdb_result;
};

/* An ordinary IMAP login over IPv4. */
extern const struct target_login target_login_plain;

/* The mail_user of a login, with what it points to. */
struct mail_user_image {
	struct image user, remote_ip, local_ip, service;
};

void mail_user_image_init(struct mail_user_image *image, const struct layout_table *table,
			  const char *abi, unsigned char pattern, const struct target_login *login);
void mail_user_image_release(struct mail_user_image *image);

/* The other two need one struct each: give them back with image_release(). */
void auth_request_image_init(struct image *image, const struct layout_table *table, const char *abi,
			     unsigned char pattern, const struct target_login *login);
void client_image_init(struct image *image, const struct layout_table *table, const char *abi,
		       unsigned char pattern, const struct target_login *login);

#endif
