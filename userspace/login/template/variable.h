/* SPDX-License-Identifier: MIT */
/*
 * The variables that a captured login provides, and their values. names.c has their names in each
 * language.
 */
#ifndef DOVETAP_TEMPLATE_VARIABLE_H
#define DOVETAP_TEMPLATE_VARIABLE_H

#include "base/error.h"
#include "login/login.h"
#include "login/template/template.h"

/* X(ENUM, canonical name, how to get it, argument) */
#define VARIABLES(X)                                                                               \
	X(USER, "user", text, DOVETAP_FIELD_USERNAME)                                              \
	X(USERNAME, "username", before_at, DOVETAP_FIELD_USERNAME)                                 \
	X(DOMAIN, "domain", behind_at, DOVETAP_FIELD_USERNAME)                                     \
	X(SERVICE, "service", text, DOVETAP_FIELD_SERVICE)                                         \
	X(PROTOCOL, "protocol", text, DOVETAP_FIELD_PROTOCOL)                                      \
	X(HOME, "home", text, DOVETAP_FIELD_HOME)                                                  \
	X(SESSION, "session", text, DOVETAP_FIELD_SESSION_ID)                                      \
	X(AUTH_USER, "auth_user", text, DOVETAP_FIELD_AUTH_USER)                                   \
	X(AUTH_USERNAME, "auth_username", before_at, DOVETAP_FIELD_AUTH_USER)                      \
	X(AUTH_DOMAIN, "auth_domain", behind_at, DOVETAP_FIELD_AUTH_USER)                          \
	X(MASTER_USER, "master_user", text, DOVETAP_FIELD_MASTER_USER)                             \
	X(LOCAL_NAME, "local_name", text, DOVETAP_FIELD_LOCAL_NAME)                                \
	X(CLIENT_ID, "client_id", text, DOVETAP_FIELD_CLIENT_ID)                                   \
	X(REMOTE_IP, "remote_ip", ip, offsetof(struct login, remote_ip))                           \
	X(LOCAL_IP, "local_ip", ip, offsetof(struct login, local_ip))                              \
	X(REMOTE_PORT, "remote_port", port, offsetof(struct login, remote_port))                   \
	X(LOCAL_PORT, "local_port", port, offsetof(struct login, local_port))                      \
	X(PID, "pid", number, offsetof(struct login, pid))                                         \
	X(UID, "uid", number, offsetof(struct login, mail_uid))                                    \
	X(GID, "gid", number, offsetof(struct login, mail_gid))                                    \
	X(PROCESS_UID, "process_uid", number, offsetof(struct login, uid))                         \
	X(HOSTNAME, "hostname", host, offsetof(struct template_host, hostname))                    \
	X(NODE, "node", host, offsetof(struct template_host, node))                                \
	X(POD, "pod", host, offsetof(struct template_host, pod))                                   \
	X(CONTAINER, "container", host, offsetof(struct template_host, container))                 \
	X(POD_NAMESPACE, "pod_namespace", host, offsetof(struct template_host, pod_namespace))     \
	X(POD_UID, "pod_uid", host, offsetof(struct template_host, pod_uid))                       \
	X(CONTAINER_ID, "container_id", host, offsetof(struct template_host, container_id))        \
	X(COUNTRY, "country", host, offsetof(struct template_host, country))                       \
	X(ASN, "asn", host, offsetof(struct template_host, asn))                                   \
	X(YEAR, "year", local_time, 'Y')                                                           \
	X(MONTH, "month", local_time, 'm')                                                         \
	X(DAY, "day", local_time, 'd')                                                             \
	X(HOUR, "hour", local_time, 'H')                                                           \
	X(MINUTE, "minute", local_time, 'M')                                                       \
	X(SECOND, "second", local_time, 'S')                                                       \
	X(USEC, "usec", microseconds, 0)

enum variable {
#define VARIABLE_X(id, name, get, argument) VARIABLE_##id,
	VARIABLES(VARIABLE_X)
#undef VARIABLE_X
		VARIABLE_COUNT,
	VARIABLE_NONE = VARIABLE_COUNT,
};

#define VARIABLE_TEXT_MAX 64 /* room for every value that is not a text of the login */

/* Everything that the value of a variable depends on. */
struct variable_source {
	const struct login *login;
	const struct template_host *host; /* never NULL */
};

const char *variable_name(enum variable variable);

/* The value points into the login, the host or text. Returns 0, or -ENODATA for a field that was
 * cut or, where Dovecot fails without it (home), not captured. */
int variable_get(const struct variable_source *source, enum variable variable,
		 char text[VARIABLE_TEXT_MAX], struct slice *value_r, struct error *error_r);

#endif
