/* SPDX-License-Identifier: MIT */
#include "proof/agreement.h"

#include "proof/form.h"

enum blame { BLAME_USER = 1, BLAME_AUTH = 2, BLAME_BOTH = 3 };

static void agree(struct agreement *agreement, enum proof_member member)
{
	agreement->agrees |= PROOF_BIT(member);
}

static void differ(struct agreement *agreement, enum proof_member member, enum blame blame)
{
	if (blame & BLAME_USER)
		agreement->user_wrong |= PROOF_BIT(member);
	if (blame & BLAME_AUTH)
		agreement->auth_wrong |= PROOF_BIT(member);
}

/* The auth record has name, addresses and ports twice. The one that the other record confirms is
 * right; where both of its own are the same, they are. One without any is wrong. */
static enum blame blame_by_third(bool auth_has_twice, bool user_has_third)
{
	if (auth_has_twice == user_has_third)
		return BLAME_BOTH;
	return auth_has_twice ? BLAME_USER : BLAME_AUTH;
}

/* Without a mechanism it is another user's of the same process, such as the owner of a shared
 * mailbox. Dovecot marks those, and they do not come here. */
static void compare_names(const struct login *user, const struct login *auth,
			  struct agreement *agreement)
{
	struct slice name = user->text[DOVETAP_FIELD_USERNAME];
	struct slice of_auth = auth->text[DOVETAP_FIELD_USERNAME];
	struct slice given = auth->text[DOVETAP_FIELD_AUTH_USER];

	if (form_alike(name, of_auth))
		agree(agreement, PROOF_USERNAME);
	else if (!login_has(user, DOVETAP_FIELD_MECH))
		differ(agreement, PROOF_KIND, BLAME_USER);
	else
		differ(agreement, PROOF_USERNAME,
		       blame_by_third(form_alike(of_auth, given), form_alike(name, given)));
}

/* Dovecot keeps the name at login only where it is another than the user's. */
static void compare_login_names(const struct login *user, const struct login *auth,
				struct agreement *agreement)
{
	struct slice given = user->text[DOVETAP_FIELD_AUTH_USER];

	if (given.len == 0)
		return;
	if (form_alike(given, auth->text[DOVETAP_FIELD_AUTH_USER]) ||
	    form_alike(given, auth->text[DOVETAP_FIELD_USERNAME]) ||
	    form_alike(given, auth->text[DOVETAP_FIELD_MASTER_USER]))
		agree(agreement, PROOF_LOGIN_NAME);
	else
		differ(agreement, PROOF_LOGIN_NAME, BLAME_USER);
}

static bool ip_equal(const struct login_ip *a, const struct login_ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static void compare_ips(enum proof_member member, const struct login_ip *user,
			const struct login_ip *auth, const struct login_ip *real,
			struct agreement *agreement)
{
	if (user->family == 0 && auth->family == 0)
		return;
	if (ip_equal(user, auth))
		agree(agreement, member);
	else if (user->family == 0 || auth->family == 0)
		differ(agreement, member, auth->family == 0 ? BLAME_AUTH : BLAME_USER);
	else
		differ(agreement, member,
		       blame_by_third(ip_equal(auth, real), ip_equal(user, real)));
}

static void compare_ports(enum proof_member member, uint16_t user, uint16_t auth, uint16_t real,
			  struct agreement *agreement)
{
	if (user == 0 && auth == 0)
		return;
	if (user == auth)
		agree(agreement, member);
	else if (user == 0 || auth == 0)
		differ(agreement, member, auth == 0 ? BLAME_AUTH : BLAME_USER);
	else
		differ(agreement, member, blame_by_third(auth == real, user == real));
}

/* A release that does not keep the mechanism with the user has none there. */
static void compare_mechs(const struct login *user, const struct login *auth,
			  struct agreement *agreement)
{
	struct form of_user = form_of(user), of_auth = form_of(auth);
	const uint32_t mech = PROOF_BIT(PROOF_MECH);

	if (!login_has(user, DOVETAP_FIELD_MECH))
		return;
	if (form_alike(user->text[DOVETAP_FIELD_MECH], auth->text[DOVETAP_FIELD_MECH]))
		agree(agreement, PROOF_MECH);
	else
		differ(agreement, PROOF_MECH,
		       blame_by_third(of_auth.good & mech, of_user.good & mech));
}

static struct slice service_of(const struct login *login)
{
	struct slice service = login->text[DOVETAP_FIELD_SERVICE];

	if (service.len == 0)
		service = login->text[DOVETAP_FIELD_PROTOCOL];
	return slice_is(service, "managesieve") ? slice_str("sieve") : service;
}

/* Where the two have words of their own for it, the process' name decides. */
static void compare_services(const struct login *user, const struct login *auth,
			     struct agreement *agreement)
{
	struct form form = form_of(user);

	if (form_alike(service_of(user), service_of(auth)))
		agree(agreement, PROOF_SERVICE);
	else if (form.bad & PROOF_BIT(PROOF_SERVICE))
		differ(agreement, PROOF_SERVICE, BLAME_USER);
	else if (form_of(auth).bad & PROOF_BIT(PROOF_SERVICE))
		differ(agreement, PROOF_SERVICE, BLAME_AUTH);
	else if (!(form.good & PROOF_BIT(PROOF_SERVICE)))
		differ(agreement, PROOF_SERVICE, BLAME_BOTH);
}

struct agreement agreement_of(const struct login *user, const struct login *auth)
{
	struct agreement agreement = {0};

	compare_names(user, auth, &agreement);
	compare_login_names(user, auth, &agreement);
	compare_ips(PROOF_REMOTE_IP, &user->remote_ip, &auth->remote_ip, &auth->real_remote_ip,
		    &agreement);
	compare_ips(PROOF_LOCAL_IP, &user->local_ip, &auth->local_ip, &auth->real_local_ip,
		    &agreement);
	compare_ports(PROOF_REMOTE_PORT, user->remote_port, auth->remote_port,
		      auth->real_remote_port, &agreement);
	compare_ports(PROOF_LOCAL_PORT, user->local_port, auth->local_port, auth->real_local_port,
		      &agreement);
	compare_mechs(user, auth, &agreement);
	compare_services(user, auth, &agreement);
	return agreement;
}

static uint32_t wrong_of(struct agreement agreement)
{
	return agreement.user_wrong | agreement.auth_wrong;
}

bool agreement_proves(const struct login *user, struct agreement agreement)
{
	uint32_t needed = PROOF_BIT(PROOF_USERNAME);

	if (user->remote_ip.family != 0)
		needed |= PROOF_BIT(PROOF_REMOTE_IP);
	return wrong_of(agreement) == 0 && (agreement.agrees & needed) == needed;
}

bool agreement_renames(struct agreement agreement)
{
	return wrong_of(agreement) == PROOF_BIT(PROOF_USERNAME) &&
	       (agreement.agrees & PROOF_BIT(PROOF_LOGIN_NAME));
}
