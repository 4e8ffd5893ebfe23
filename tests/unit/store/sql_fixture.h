/* SPDX-License-Identifier: MIT */
/* Maps from texts, keys with their parts from pieces, for the tests of store/drivers/sql. */
#ifndef DOVETAP_SQL_FIXTURE_H
#define DOVETAP_SQL_FIXTURE_H

#include <string.h>

#include "../cmocka_all.h"
#include "conf/parse.h"
#include "store/drivers/sql/map.h"
#include "store/drivers/sql/statement.h"

/* The map of the plugin's document. */
#define DOCUMENTED_MAP                                                                             \
	"connect = host=sql.example.com dbname=mails user=dovecot password=pass\n"                 \
	"map {\n"                                                                                  \
	"  pattern = shared/last-login/$service/$user/$remote_ip\n"                                \
	"  table = last_login\n"                                                                   \
	"  value_field = last_access\n"                                                            \
	"  value_type = uint\n"                                                                    \
	"  fields {\n"                                                                             \
	"    userid = $user\n"                                                                     \
	"    service = $service\n"                                                                 \
	"    last_ip = $remote_ip\n"                                                               \
	"  }\n"                                                                                    \
	"}\n"

/* Its alternative schema, for imap. */
#define USERS_MAP                                                                                  \
	"connect = host=sql.example.com\n"                                                         \
	"map {\n"                                                                                  \
	"  pattern = shared/last-login/imap/$user/$remote_ip\n"                                    \
	"  table = users\n"                                                                        \
	"  value_field = last_imap_access\n"                                                       \
	"  value_type = uint\n"                                                                    \
	"  fields {\n"                                                                             \
	"    userid = $user\n"                                                                     \
	"    last_imap_ip = $remote_ip\n"                                                          \
	"  }\n"                                                                                    \
	"}\n"

static inline struct conf_section *parse_text(const char *text, unsigned int flags)
{
	struct conf_section *root = NULL;
	struct error error = {0};

	if (conf_parse_text(slice_str(text), "map.conf", flags, &root, &error) < 0)
		fail_msg("%s", error.text);
	return root;
}

static inline void load_maps(struct sql_map_set *set, const char *text)
{
	struct conf_section *root = parse_text(text, CONF_PARSE_MAP);
	struct error error = {0};

	if (sql_map_set_load_file(set, root, &error) < 0)
		fail_msg("%s", error.text);
	conf_free(&root);
}

/* The key that "last-login/%{service}/%{user}/%{remote_ip}" gives, with its parts. */
struct login_key {
	char text[1024];
	struct key_part parts[3];
	struct sql_key key;
};

static inline void login_key(struct login_key *out, const char *service, const char *user,
			     const char *remote_ip)
{
	uint32_t at = sizeof("shared/last-login/") - 1;
	uint32_t lens[] = {(uint32_t)strlen(service), (uint32_t)strlen(user),
			   (uint32_t)strlen(remote_ip)};
	static const char *const names[] = {"service", "user", "remote_ip"};

	snprintf(out->text, sizeof(out->text), "shared/last-login/%s/%s/%s", service, user,
		 remote_ip);
	for (int i = 0; i < 3; at += lens[i++] + 1)
		out->parts[i] = (struct key_part){names[i], at, lens[i]};
	out->key = (struct sql_key){slice_str(out->text), out->parts, 3};
}

static inline void assert_slice(struct slice slice, const char *expected)
{
	assert_int_equal(slice.len, strlen(expected));
	assert_memory_equal(slice.len ? slice.ptr : "", expected, slice.len);
}

#endif
