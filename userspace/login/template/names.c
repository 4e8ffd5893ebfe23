/* SPDX-License-Identifier: MIT */
#include "login/template/names.h"

#include <ctype.h>
#include <stdio.h>

struct name_row {
	const char *name;
	enum variable variable;
	char key; /* 2.3's short name, or 0 */
};

/* Our own, for what a machine full of containers needs. */
/* clang-format off */
#define OWN_NAMES                                                                                  \
	{"node", VARIABLE_NODE, 0}, {"pod", VARIABLE_POD, 0},                                      \
	{"container", VARIABLE_CONTAINER, 0}, {"pod_namespace", VARIABLE_POD_NAMESPACE, 0},        \
	{"pod_uid", VARIABLE_POD_UID, 0}, {"container_id", VARIABLE_CONTAINER_ID, 0},              \
	{"country", VARIABLE_COUNTRY, 0}, {"asn", VARIABLE_ASN, 0},                                \
	{"client_id", VARIABLE_CLIENT_ID, 0}

static const struct name_row own_names[] = {OWN_NAMES};
/* clang-format on */

static const struct name_row v23_names[] = {
	{"user", VARIABLE_USER, 'u'},
	{"username", VARIABLE_USERNAME, 'n'},
	{"domain", VARIABLE_DOMAIN, 'd'},
	{"service", VARIABLE_SERVICE, 's'},
	{"home", VARIABLE_HOME, 'h'},
	{"lip", VARIABLE_LOCAL_IP, 'l'},
	{"rip", VARIABLE_REMOTE_IP, 'r'},
	{"pid", VARIABLE_PID, 'p'},
	{"uid", VARIABLE_UID, 'i'},
	{"gid", VARIABLE_GID, 0},
	{"session", VARIABLE_SESSION, 0},
	{"auth_user", VARIABLE_AUTH_USER, 0},
	{"auth_username", VARIABLE_AUTH_USERNAME, 0},
	{"auth_domain", VARIABLE_AUTH_DOMAIN, 0},
	{"hostname", VARIABLE_HOSTNAME, 0},
	{"local_ip", VARIABLE_LOCAL_IP, 0},
	{"remote_ip", VARIABLE_REMOTE_IP, 0},
	OWN_NAMES,
	{NULL, VARIABLE_NONE, 0},
};

static const struct name_row v24_names[] = {
	{"user", VARIABLE_USER, 0},
	{"service", VARIABLE_SERVICE, 0},
	{"protocol", VARIABLE_PROTOCOL, 0},
	{"remote_ip", VARIABLE_REMOTE_IP, 0},
	{"local_ip", VARIABLE_LOCAL_IP, 0},
	{"remote_port", VARIABLE_REMOTE_PORT, 0},
	{"local_port", VARIABLE_LOCAL_PORT, 0},
	{"session", VARIABLE_SESSION, 0},
	{"auth_user", VARIABLE_AUTH_USER, 0},
	{"master_user", VARIABLE_MASTER_USER, 0},
	{"owner_user", VARIABLE_USER, 0},
	{"hostname", VARIABLE_HOSTNAME, 0},
	{"local_name", VARIABLE_LOCAL_NAME, 0},
	{"home", VARIABLE_HOME, 0},
	{"owner_home", VARIABLE_HOME, 0},
	{"process:pid", VARIABLE_PID, 0},
	{"process:uid", VARIABLE_PROCESS_UID, 0},
	{"process:gid", VARIABLE_GID, 0},
	{"system:hostname", VARIABLE_NODE, 0},
	{"event:user", VARIABLE_USER, 0},
	{"event:session", VARIABLE_SESSION, 0},
	{"event:service", VARIABLE_SERVICE, 0},
	{"date:year", VARIABLE_YEAR, 0},
	{"date:month", VARIABLE_MONTH, 0},
	{"date:day", VARIABLE_DAY, 0},
	{"time:hour", VARIABLE_HOUR, 0},
	{"time:min", VARIABLE_MINUTE, 0},
	{"time:minute", VARIABLE_MINUTE, 0},
	{"time:sec", VARIABLE_SECOND, 0},
	{"time:second", VARIABLE_SECOND, 0},
	{"time:us", VARIABLE_USEC, 0},
	{"time:usec", VARIABLE_USEC, 0},
	OWN_NAMES,
	{NULL, VARIABLE_NONE, 0},
};

/* Prefixes that Dovecot knows and an observer does not. */
static const char *const inside_dovecot[] = {
	"userdb:",   "env:",	 "event:",   "dovecot:", "system:",
	"generate:", "encrypt;", "decrypt;", NULL,
};

#define V23_USABLE                                                                                 \
	"%u user, %n username, %d domain, %s service, %r remote_ip, %l local_ip, %h home, "        \
	"%p pid, %i uid, gid, session, auth_user, auth_username, auth_domain, hostname"
#define V24_USABLE                                                                                 \
	"user, service, protocol, remote_ip, local_ip, remote_port, local_port, session, "         \
	"auth_user, master_user, hostname, local_name, home, process:pid, date:*, time:*"

static bool is_inside_dovecot(struct slice name)
{
	for (const char *const *prefix = inside_dovecot; *prefix; prefix++)
		if (name.len >= strlen(*prefix) &&
		    strncasecmp(name.ptr, *prefix, strlen(*prefix)) == 0)
			return true;
	return false;
}

static bool is_own(enum variable variable)
{
	for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++) {
		if (own_names[i].variable == variable)
			return true;
	}
	return false;
}

static const struct name_row *find(const struct name_row *rows, struct slice name)
{
	for (; rows->name; rows++)
		if (slice_is(name, rows->name))
			return rows;
	return NULL;
}

bool v23_is_before_2_3_14(const struct compiler *compiler)
{
	const char *version = compiler->env.dovecot_version;
	unsigned int minor = 99;

	return version && sscanf(version, "2.3.%2u", &minor) == 1 && minor < 14;
}

/* In strict mode a name must exist in the Dovecot observed, under exactly that name. */
static int check_strict(struct compiler *compiler, const struct name_row *row)
{
	if (!compiler->env.strict)
		return 0;
	if (is_own(row->variable) && strcmp(row->name, variable_name(row->variable)) == 0)
		return compiler_refuse(compiler,
				       "%%{%s} is dovetap's own and not known to Dovecot; "
				       "remove it or \"compat = strict\"",
				       row->name);
	if (v23_is_before_2_3_14(compiler) && strstr(row->name, "_ip"))
		return compiler_refuse(compiler, "%%{%s} is unknown to Dovecot %s; use %%{%s}",
				       row->name, compiler->env.dovecot_version,
				       row->variable == VARIABLE_REMOTE_IP ? "rip" : "lip");
	return 0;
}

static int refuse(struct compiler *compiler, const char *version, const char *usable,
		  struct slice name)
{
	if (is_inside_dovecot(name))
		return compiler_refuse(compiler,
				       "%%{%.*s} is only known inside Dovecot; use one of: %s",
				       (int)name.len, name.ptr, usable);
	return compiler_refuse(compiler, "%%{%.*s} is no variable of Dovecot %s; use one of: %s",
			       (int)name.len, name.ptr, version, usable);
}

int v23_find_short(struct compiler *compiler, char name, enum variable *variable_r)
{
	for (const struct name_row *row = v23_names; row->name; row++) {
		if (row->key == name) {
			*variable_r = row->variable;
			return 0;
		}
	}
	if (name == '{')
		return compiler_refuse(compiler, "\"%%{\" without its \"}\"");
	if (!isprint((unsigned char)name))
		return compiler_refuse(compiler, "%% before byte 0x%02x; a percent sign is %%%%",
				       (unsigned char)name);
	return compiler_refuse(compiler, "%%%c is no variable of Dovecot 2.3; use one of: %s", name,
			       V23_USABLE);
}

int v23_find_long(struct compiler *compiler, struct slice name, enum variable *variable_r)
{
	const struct name_row *row = find(v23_names, name);

	if (!row)
		return refuse(compiler, "2.3", V23_USABLE, name);
	*variable_r = row->variable;
	return check_strict(compiler, row);
}

int v24_find(struct compiler *compiler, struct slice name, enum variable *variable_r)
{
	const struct name_row *row = find(v24_names, name);

	if (!row && is_inside_dovecot(name))
		return v24_refuse_unknown(compiler, name);
	*variable_r = row ? row->variable : VARIABLE_NONE;
	return row ? check_strict(compiler, row) : 0;
}

int v24_refuse_unknown(struct compiler *compiler, struct slice name)
{
	return refuse(compiler, "2.4", V24_USABLE, name);
}
