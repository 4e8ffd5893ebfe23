/* SPDX-License-Identifier: MIT */
#include "target/login_image.h"

#include <stdio.h>
#include <sys/socket.h>

const struct target_login target_login_plain = {
	.username = "alice@example.org",
	.auth_user = "alice",
	.session_id = "qY3bVx1lTsx/AAAB",
	.service = "imap",
	.protocol = "imap",
	.mech = "PLAIN",
	.remote_family = AF_INET,
	.local_family = AF_INET,
	.remote_ip = {192, 0, 2, 7},
	.local_ip = {198, 51, 100, 1},
	.remote_port = 51234,
	.local_port = 993,
	.uid = 5000,
	.gid = 5001,
	.secured = true,
	.successful = true,
	.has_handler = true,
	.passdb_result = 1,
};

static void ip_init(struct image *image, const struct image *owner, const char *member,
		    uint16_t family, const uint8_t *bytes, unsigned char pattern)
{
	image_init(image, owner->table, owner->abi, "ip_addr", pattern);
	image_set_ip(image, NULL, family, bytes);
	image_set_pointer(owner, member, family ? image->bytes : NULL);
}

static void service_init(struct mail_user_image *image, const struct target_login *login,
			 unsigned char pattern)
{
	const struct image *user = &image->user;
	const uint32_t no_plugins = 0x100;

	image_init(&image->service, user->table, user->abi, "mail_storage_service_user", pattern);
	image_set_pointer(&image->service, "input.username", login->username);
	image_set_number(&image->service, "flags", login->without_plugins ? no_plugins : 0);
	image_set_pointer(user, "_service_user", image->service.bytes);
	image_set_pointer(user, "service_user", image->service.bytes);
}

void mail_user_image_init(struct mail_user_image *image, const struct layout_table *table,
			  const char *abi, unsigned char pattern, const struct target_login *login)
{
	const struct image *user = &image->user;

	image_init(&image->user, table, abi, "mail_user", pattern);
	image_set_pointer(user, "username", login->username);
	image_set_pointer(user, "auth_user", login->auth_user);
	image_set_pointer(user, "master_user", login->master_user);
	image_set_pointer(user, "_home", login->home);
	image_set_pointer(user, "session_id", login->session_id);
	image_set_pointer(user, "service", login->service);
	image_set_pointer(user, "protocol", login->protocol);
	image_set_pointer(user, "auth_mech", login->mech);
	image_set_pointer(user, "conn.local_name", login->local_name);
	image_set_pointer(user, "error", login->error);
	image_set_number(user, "uid", login->uid);
	image_set_number(user, "gid", login->gid);
	image_set_number(user, "conn.remote_port", login->remote_port);
	image_set_number(user, "conn.local_port", login->local_port);
	image_set_number(user, "conn.secured", login->secured);
	image_set_number(user, "conn.end_client_tls_secured", login->secured);
	image_set_number(user, "anonymous", login->anonymous);
	image_set_number(user, "admin", login->admin);
	image_set_number(user, "autocreated", login->autocreated);
	image_set_number(user, "session_restored", login->session_restored);
	ip_init(&image->remote_ip, user, "conn.remote_ip", login->remote_family, login->remote_ip,
		pattern);
	ip_init(&image->local_ip, user, "conn.local_ip", login->local_family, login->local_ip,
		pattern);
	service_init(image, login, pattern);
}

void mail_user_image_release(struct mail_user_image *image)
{
	image_release(&image->service);
	image_release(&image->local_ip);
	image_release(&image->remote_ip);
	image_release(&image->user);
}

/* The name of a member of the request's data, which is a nested struct since 2.3.13. */
static const char *field(const struct image *image, const char *member, char name[64])
{
	snprintf(name, 64, "%s%s", image_has(image, "fields") ? "fields." : "", member);
	return name;
}

static void auth_text(const struct image *image, const char *member, const char *text)
{
	char name[64];

	image_set_pointer(image, field(image, member, name), text);
}

static void auth_number(const struct image *image, const char *member, uint64_t number)
{
	char name[64];

	image_set_number(image, field(image, member, name), number);
}

void auth_request_image_init(struct image *image, const struct layout_table *table, const char *abi,
			     unsigned char pattern, const struct target_login *login)
{
	char name[64];

	image_init(image, table, abi, "auth_request", pattern);
	auth_text(image, "user", login->username);
	auth_text(image, "original_username", login->auth_user);
	auth_text(image, "master_user", login->master_user);
	auth_text(image, "session_id", login->session_id);
	auth_text(image, "service", login->service);
	auth_text(image, "protocol", login->protocol);
	auth_text(image, "mech_name", login->mech);
	auth_text(image, "local_name", login->local_name);
	auth_text(image, "client_id", login->client_id);
	image_set_pointer(image, field(image, "extra_fields", name), login->extra_fields);
	auth_number(image, "remote_port", login->remote_port);
	auth_number(image, "local_port", login->local_port);
	auth_number(image, "real_remote_port", login->real_remote_port);
	auth_number(image, "real_local_port", login->real_local_port);
	auth_number(image, "secured", login->secured + login->tls);
	auth_number(image, "conn_secured", login->secured + login->tls);
	auth_number(image, "successful", login->successful);
	image_set_ip(image, field(image, "remote_ip", name), login->remote_family,
		     login->remote_ip);
	image_set_ip(image, field(image, "local_ip", name), login->local_family, login->local_ip);
	image_set_ip(image, field(image, "real_remote_ip", name), login->real_remote_family,
		     login->real_remote_ip);
	image_set_ip(image, field(image, "real_local_ip", name), login->real_local_family,
		     login->real_local_ip);
	image_set_number(image, "passdb_result", (uint32_t)login->passdb_result);
	image_set_number(image, "auth_only", login->auth_only);
	image_set_number(image, "policy_refusal", login->policy_refusal);
	image_set_number(image, "internal_failure", login->internal_failure);
	image_set_pointer(image, "handler", login->has_handler ? image : NULL);
}

void client_image_init(struct image *image, const struct layout_table *table, const char *abi,
		       unsigned char pattern, const struct target_login *login)
{
	image_init(image, table, abi, "client", pattern);
	image_set_pointer(image, "session_id", login->session_id);
}
