/* SPDX-License-Identifier: MIT */
#include "dovecot/probes.h"

#include <stdbool.h>
#include <string.h>

#include "dovecot/abi.h"

#define R PROBE_RELEASE

#define MAIL_USER  PRIV_ROLE_MAIL_USER
#define AUTH	   PRIV_ROLE_AUTH
#define OF_SUCCESS "auth_request_proxy_finish"

const struct probe probe_table[] = {
	/* Runs once mail_user_init has succeeded: the point at which last_login itself runs. */
	{MAIL_USER, "hook_mail_user_created", "mail_user_created", 0, 0, NULL, NULL,
	 "autocreated session_restored remote_ip auth_mech"},
	/* Before the outcome is known: users that will fail carry an error already. */
	{MAIL_USER, "mail_user_init", "mail_user_init", 0, 0, NULL, NULL,
	 "error autocreated session_restored remote_ip auth_mech"},

	/* Once for each request, success or failure, behind every policy check. */
	{AUTH, "auth_request_finished_event", "auth_finished", R(2, 3, 7), 0, NULL, NULL,
	 "successful handler mech_name"},
	/* Successes only; the one point that releases before 2.3.7 have. */
	{AUTH, OF_SUCCESS, "auth_proxy_finished", 0, 0, NULL, NULL, "handler successful mech_name"},
	/* Failures go with it; from 2.4 on the first of the two is never called. */
	{AUTH, "auth_request_fail", "auth_failed", 0, R(2, 3, 65535), NULL, OF_SUCCESS,
	 "handler successful mech_name"},
	{AUTH, "auth_request_fail_with_reply", "auth_failed", R(2, 4, 0), 0, NULL, OF_SUCCESS,
	 "handler successful mech_name"},

	/* The library exports it and does not call it; the login processes do. */
	{PRIV_ROLE_PROXY, "client_proxy_finish_destroy_client", "proxy_established", 0, 0, "-login",
	 NULL, "session_id"},
};
const size_t probe_count = sizeof(probe_table) / sizeof(probe_table[0]);

const struct probe_file probe_files[] = {
	{PRIV_ROLE_MAIL_USER, "libdovecot-storage.so.0", "libdovecot-storage.so"},
	{PRIV_ROLE_AUTH, "auth", "auth"},
	{PRIV_ROLE_PROXY, "libdovecot-login.so.0", "libdovecot-login.so"},
};
const size_t probe_file_count = sizeof(probe_files) / sizeof(probe_files[0]);

enum priv_role probe_role_of_name(const char *name)
{
	for (size_t i = 0; i < probe_file_count; i++) {
		size_t len = strlen(probe_files[i].stem);

		if (strncmp(name, probe_files[i].stem, len) == 0 &&
		    (name[len] == '\0' || name[len] == '.'))
			return probe_files[i].role;
	}
	return 0;
}

uint64_t probe_release(const char *abi)
{
	struct abi parsed;

	if (!abi_parse(slice_str(abi), &parsed) || abi[parsed.len] != '\0')
		return 0;
	if (parsed.major == 0 && parsed.minor == 0)
		return R(65535, 0, 0);
	return R(parsed.major, parsed.minor, parsed.patch);
}

static bool fits(const struct probe *probe, enum priv_role role, uint64_t release)
{
	return probe->role == role && release >= probe->first &&
	       (probe->last == 0 || release <= probe->last);
}

static bool goes_with(const struct probe *probe, const char *symbol)
{
	return probe->companion_of && strcmp(probe->companion_of, symbol) == 0;
}

/* companion_of NULL: rows of their own. */
static const struct probe *next(const struct probe *probe, enum priv_role role, uint64_t release,
				const char *companion_of)
{
	for (; probe < probe_table + probe_count; probe++) {
		if (fits(probe, role, release) &&
		    (companion_of ? goes_with(probe, companion_of) : !probe->companion_of))
			return probe;
	}
	return NULL;
}

const struct probe *probe_next(enum priv_role role, uint64_t release, const struct probe *previous)
{
	return next(previous ? previous + 1 : probe_table, role, release, NULL);
}

const struct probe *probe_next_companion(const struct probe *chosen, uint64_t release,
					 const struct probe *previous)
{
	return next(previous ? previous + 1 : probe_table, chosen->role, release, chosen->symbol);
}
