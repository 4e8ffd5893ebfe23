/* SPDX-License-Identifier: MIT */
#include "attach/probes.h"

#include "attach/abi.h"

#include <stdbool.h>

#define R PROBE_RELEASE

const struct probe probe_table[] = {
	/* Runs once mail_user_init has succeeded: the point at which last_login itself runs. */
	{PRIV_ROLE_MAIL_USER, "hook_mail_user_created", "mail_user_created", 0, 0, NULL,
	 "autocreated session_restored remote_ip auth_mech"},
	/* Before the outcome is known: users that will fail carry an error already. */
	{PRIV_ROLE_MAIL_USER, "mail_user_init", "mail_user_init", 0, 0, NULL,
	 "error autocreated session_restored remote_ip auth_mech"},

	/* Once for each request, success or failure, behind every policy check. */
	{PRIV_ROLE_AUTH, "auth_request_finished_event", "auth_finished", R(2, 3, 7), 0, NULL,
	 "successful handler mech_name"},
	/* Successes only; the one point that releases before 2.3.7 have. */
	{PRIV_ROLE_AUTH, "auth_request_proxy_finish", "auth_proxy_finished", 0, 0, NULL,
	 "handler successful mech_name"},

	/* The library exports it and does not call it; the login processes do. */
	{PRIV_ROLE_PROXY, "client_proxy_finish_destroy_client", "proxy_established", 0, 0, "-login",
	 "session_id"},
};
const size_t probe_count = sizeof(probe_table) / sizeof(probe_table[0]);

const struct probe_file probe_files[] = {
	{PRIV_ROLE_MAIL_USER, "libdovecot-storage.so.0"},
	{PRIV_ROLE_AUTH, "auth"},
	{PRIV_ROLE_PROXY, "libdovecot-login.so.0"},
};
const size_t probe_file_count = sizeof(probe_files) / sizeof(probe_files[0]);

uint32_t probe_release(const char *abi)
{
	struct abi parsed;

	if (!abi_parse(slice_str(abi), &parsed) || abi[parsed.len] != '\0')
		return 0;
	return R(parsed.major, parsed.minor, parsed.patch);
}

static bool fits(const struct probe *probe, enum priv_role role, uint32_t release)
{
	return probe->role == role && release >= probe->first &&
	       (probe->last == 0 || release <= probe->last);
}

const struct probe *probe_next(enum priv_role role, uint32_t release, const struct probe *previous)
{
	const struct probe *probe = previous ? previous + 1 : probe_table;

	for (; probe < probe_table + probe_count; probe++) {
		if (fits(probe, role, release))
			return probe;
	}
	return NULL;
}
