/* SPDX-License-Identifier: MIT */
/* The members of Dovecot's structs by whose values a layout is judged. */
#ifndef DOVETAP_PROOF_MEMBER_H
#define DOVETAP_PROOF_MEMBER_H

#include "login/login.h"

enum proof_member {
	PROOF_USERNAME,
	PROOF_LOGIN_NAME, /* as the client gave it */
	PROOF_SESSION_ID,
	PROOF_SERVICE,
	PROOF_MECH,
	PROOF_REMOTE_IP,
	PROOF_LOCAL_IP,
	PROOF_REMOTE_PORT,
	PROOF_LOCAL_PORT,
	PROOF_RESULT, /* success or failure, and the passdb's reason */
	PROOF_KIND,   /* flags by which a mail user is no login */
	PROOF_MEMBERS
};

#define PROOF_BIT(member) (1U << (member))

/* As Dovecot calls it in the struct that records of the type are read from: "conn.remote_ip". */
const char *proof_member_name(enum proof_member member, enum dovetap_event_type type);

#endif
