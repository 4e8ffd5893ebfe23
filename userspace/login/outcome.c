/* SPDX-License-Identifier: MIT */
#include "login/outcome.h"

static const char *const names[LOGIN_OUTCOME_COUNT] = {
	[LOGIN_OUTCOME_UNKNOWN] = "unknown",
	[LOGIN_OUTCOME_OK] = "ok",
	[LOGIN_OUTCOME_PASSWORD_MISMATCH] = "password_mismatch",
	[LOGIN_OUTCOME_USER_UNKNOWN] = "user_unknown",
	[LOGIN_OUTCOME_USER_DISABLED] = "user_disabled",
	[LOGIN_OUTCOME_PASS_EXPIRED] = "pass_expired",
	[LOGIN_OUTCOME_SCHEME_NOT_AVAILABLE] = "scheme_not_available",
	[LOGIN_OUTCOME_POLICY_REFUSAL] = "policy_refusal",
	[LOGIN_OUTCOME_INTERNAL_FAILURE] = "internal_failure",
	[LOGIN_OUTCOME_AUTHZ_FAILED] = "authz_failed",
	[LOGIN_OUTCOME_MALFORMED] = "malformed",
	[LOGIN_OUTCOME_REFUSED] = "refused",
};

/* Dovecot's enum passdb_result, the same in all releases. */
static const struct {
	int32_t passdb_result;
	enum login_outcome outcome;
} results[] = {
	{1, LOGIN_OUTCOME_REFUSED},
	{0, LOGIN_OUTCOME_PASSWORD_MISMATCH},
	{-1, LOGIN_OUTCOME_INTERNAL_FAILURE},
	{-2, LOGIN_OUTCOME_SCHEME_NOT_AVAILABLE},
	{-3, LOGIN_OUTCOME_USER_UNKNOWN},
	{-4, LOGIN_OUTCOME_USER_DISABLED},
	{-5, LOGIN_OUTCOME_PASS_EXPIRED},
	{-6, LOGIN_OUTCOME_PASSWORD_MISMATCH}, /* no passdb of a chain that ends with "next" */
};

static enum login_outcome from_passdb(int32_t passdb_result)
{
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		if (results[i].passdb_result == passdb_result)
			return results[i].outcome;
	}
	return LOGIN_OUTCOME_REFUSED;
}

/* In the order in which Dovecot itself decides on its reply to the client. */
enum login_outcome login_outcome_of(const struct login *auth)
{
	if (auth->flags & DOVETAP_FLAG_SUCCESSFUL)
		return LOGIN_OUTCOME_OK;
	if (auth->flags & DOVETAP_FLAG_POLICY_REFUSAL)
		return LOGIN_OUTCOME_POLICY_REFUSAL;
	if (auth->flags & DOVETAP_FLAG_INTERNAL_FAILURE)
		return LOGIN_OUTCOME_INTERNAL_FAILURE;
	if (auth->text[DOVETAP_FIELD_USERNAME].len == 0)
		return LOGIN_OUTCOME_MALFORMED;
	if (auth->text[DOVETAP_FIELD_MASTER_USER].len > 0)
		return LOGIN_OUTCOME_AUTHZ_FAILED;
	return from_passdb(auth->passdb_result);
}

const char *login_outcome_name(enum login_outcome outcome)
{
	return names[outcome];
}
