/* SPDX-License-Identifier: MIT */
/*
 * One login as every stage behind the decoder sees it.
 *
 * Texts point into the record that the event source lent, so a struct login is valid only until
 * that record is released. Whoever keeps one copies it.
 */
#ifndef DOVETAP_LOGIN_H
#define DOVETAP_LOGIN_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "dovetap/event.h"

struct login_ip {
	uint16_t family; /* AF_INET, AF_INET6, 0 = none */
	uint8_t bytes[16];
};

/* The process that made the record, as the kernel knows it (dovetap/event.h). */
struct login_process {
	enum dovetap_origin origin;
	uint32_t parent_uid, parent_pid, owner_uid, exe_uid, pid_ns;
	char exe[DOVETAP_EXE_NAME_MAX + 1]; /* any bytes; "": not known */
	char parent_exe[DOVETAP_EXE_NAME_MAX + 1];
	bool unverified; /* believed without proof (login/origin.h) */
};

struct login {
	enum dovetap_event_type type;
	uint64_t boot_ns; /* CLOCK_BOOTTIME at the probe */
	int64_t time_ns;  /* wall clock, ns since 1970; 0 until the pipeline has set it */

	struct slice
		text[DOVETAP_TEXT_COUNT]; /* index enum dovetap_field; absent = len 0, no bit */
	uint32_t present;		  /* DOVETAP_BIT */
	uint32_t truncated;		  /* DOVETAP_BIT of texts that were cut */
	uint32_t failed;		  /* DOVETAP_BIT of what could not be read */
	uint32_t flags;			  /* enum dovetap_flag */

	struct login_ip remote_ip, local_ip;
	uint16_t remote_port, local_port;
	/* Auth records: the connection itself. remote_ip is whom a trusted proxy speaks for. */
	struct login_ip real_remote_ip, real_local_ip;
	uint16_t real_remote_port, real_local_port;
	int32_t passdb_result;

	uint32_t pid, tid, uid;
	uint32_t mail_uid, mail_gid;
	uint64_t cgroup_id;
	uint64_t object; /* address of Dovecot's object, for recognising duplicates */

	uint64_t file;	   /* that the record is from (dovetap/event.h); 0: not known */
	bool repeated;	   /* auth: there was another one of its session (partners.h) */
	struct slice comm; /* name of the process' thread; empty: not known */
	struct login_process process;
};

static inline bool login_has(const struct login *login, unsigned int field)
{
	return (login->present & DOVETAP_BIT(field)) != 0;
}

static inline struct slice login_session(const struct login *login)
{
	return login->text[DOVETAP_FIELD_SESSION_ID];
}

#define LOGIN_IP_TEXT_MAX 46 /* INET6_ADDRSTRLEN */

/*
 * Writes the address as Dovecot prints it (inet_ntop(3): compressed lower case, mapped addresses
 * kept as ::ffff:a.b.c.d) and returns its length; 0 and an empty text when there is none.
 */
size_t login_ip_text(const struct login_ip *ip, char text[LOGIN_IP_TEXT_MAX]);

#endif
