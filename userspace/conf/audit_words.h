/* SPDX-License-Identifier: MIT */
/*
 * The words of audit_events and audit_fields, which are the names in the records as well
 * (docs/audit.md). New ones go to the end.
 */
#ifndef DOVETAP_CONF_AUDIT_WORDS_H
#define DOVETAP_CONF_AUDIT_WORDS_H

/* X(ENUM, word). version, event and time are in every record. */
#define AUDIT_FIELDS(X)                                                                            \
	X(USER, "user")                                                                            \
	X(AUTH_USER, "auth_user")                                                                  \
	X(MASTER_USER, "master_user")                                                              \
	X(SERVICE, "service")                                                                      \
	X(MECH, "mech")                                                                            \
	X(SESSION, "session")                                                                      \
	X(REMOTE_IP, "remote_ip")                                                                  \
	X(REMOTE_PORT, "remote_port")                                                              \
	X(LOCAL_IP, "local_ip")                                                                    \
	X(LOCAL_PORT, "local_port")                                                                \
	X(REAL_REMOTE_IP, "real_remote_ip")                                                        \
	X(REAL_REMOTE_PORT, "real_remote_port")                                                    \
	X(REAL_LOCAL_IP, "real_local_ip")                                                          \
	X(REAL_LOCAL_PORT, "real_local_port")                                                      \
	X(LOCAL_NAME, "local_name")                                                                \
	X(CLIENT_ID, "client_id")                                                                  \
	X(PROXY_HOST, "proxy_host")                                                                \
	X(SECURED, "secured")                                                                      \
	X(TLS, "tls")                                                                              \
	X(OUTCOME, "outcome")                                                                      \
	X(AUTH_US, "auth_us")                                                                      \
	X(COUNTRY, "country")                                                                      \
	X(ASN, "asn")                                                                              \
	X(NODE, "node")                                                                            \
	X(POD, "pod")                                                                              \
	X(CONTAINER, "container")                                                                  \
	X(PID, "pid")                                                                              \
	X(TRUNCATED, "truncated")                                                                  \
	X(POD_NAMESPACE, "pod_namespace")                                                          \
	X(POD_UID, "pod_uid")                                                                      \
	X(CONTAINER_ID, "container_id")                                                            \
	X(UID, "uid")                                                                              \
	X(EXE, "exe")                                                                              \
	X(UNVERIFIED, "unverified")

enum audit_field {
#define AUDIT_X(id, word) AUDIT_FIELD_##id,
	AUDIT_FIELDS(AUDIT_X)
#undef AUDIT_X
		AUDIT_FIELD_COUNT
};

/* Both end with NULL. The events are those of login/event.h, in that order. */
extern const char *const audit_event_words[];
extern const char *const audit_field_words[];

#endif
