/* SPDX-License-Identifier: MIT */
#include "proof/member.h"

static const struct {
	const char *of_user, *of_auth;
} names[PROOF_MEMBERS] = {
	[PROOF_USERNAME] = {"username", "user"},
	[PROOF_LOGIN_NAME] = {"auth_user", "original_username"},
	[PROOF_SESSION_ID] = {"session_id", "session_id"},
	[PROOF_SERVICE] = {"service", "service"},
	[PROOF_MECH] = {"auth_mech", "mech_name"},
	[PROOF_REMOTE_IP] = {"conn.remote_ip", "remote_ip"},
	[PROOF_LOCAL_IP] = {"conn.local_ip", "local_ip"},
	[PROOF_REMOTE_PORT] = {"conn.remote_port", "remote_port"},
	[PROOF_LOCAL_PORT] = {"conn.local_port", "local_port"},
	[PROOF_RESULT] = {"error", "successful"},
	[PROOF_KIND] = {"autocreated", "auth_only"},
};

const char *proof_member_name(enum proof_member member, enum dovetap_event_type type)
{
	return type == DOVETAP_EVENT_AUTH ? names[member].of_auth : names[member].of_user;
}
