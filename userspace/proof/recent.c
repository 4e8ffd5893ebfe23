/* SPDX-License-Identifier: MIT */
#include "proof/recent.h"

#include <ctype.h>

#include "base/fnv.h"

static uint64_t folded(struct slice text)
{
	uint64_t sum = FNV_START;

	for (size_t i = 0; i < text.len; i++) {
		char c = (char)tolower((unsigned char)text.ptr[i]);

		sum = fnv(sum, &c, 1);
	}
	return sum;
}

/* ManageSieve has two names. */
static uint64_t service_sum(const struct login *login)
{
	struct slice service = login->text[DOVETAP_FIELD_SERVICE];

	if (service.len == 0)
		service = login->text[DOVETAP_FIELD_PROTOCOL];
	if (slice_is(service, "managesieve"))
		service = slice_str("sieve");
	return service.len > 0 ? folded(service) : 0;
}

static uint64_t session_sum(const struct login *login)
{
	struct slice id = login_session(login);

	return id.len > 0 ? fnv(FNV_START, id.ptr, id.len) : 0;
}

void recent_add(struct recent *recent, const struct login *auth, bool session_is_good)
{
	recent->auths[recent->next] = (struct recent_auth){
		.file = auth->file,
		.boot_ns = auth->boot_ns,
		.session = session_sum(auth),
		.name = folded(auth->text[DOVETAP_FIELD_USERNAME]),
		.service = service_sum(auth),
		.remote_ip = auth->remote_ip,
		.remote_port = auth->remote_port,
		.successful = auth->flags & DOVETAP_FLAG_SUCCESSFUL,
		.proxied = login_has(auth, DOVETAP_FIELD_PROXY_HOST),
		.session_is_good = session_is_good,
	};
	recent->next = (recent->next + 1) % RECENT_MAX;
}

/* The index-th of those, from the newest on; NULL for one that is too old, or none. */
static const struct recent_auth *at(const struct recent *recent, unsigned int index,
				    const struct login *login)
{
	const struct recent_auth *auth =
		&recent->auths[(recent->next + RECENT_MAX - 1 - index) % RECENT_MAX];
	bool near =
		login->boot_ns >= auth->boot_ns && login->boot_ns - auth->boot_ns < RECENT_KEEP_NS;

	return auth->file != 0 && near ? auth : NULL;
}

const struct recent_auth *recent_of_session(const struct recent *recent, const struct login *login)
{
	uint64_t session = session_sum(login);

	for (unsigned int i = 0; session != 0 && i < RECENT_MAX; i++) {
		const struct recent_auth *auth = at(recent, i, login);

		if (auth && auth->session == session)
			return auth;
	}
	return NULL;
}

static bool same_connection(const struct recent_auth *auth, const struct login *login)
{
	return login->remote_ip.family != 0 && login->remote_port != 0 &&
	       auth->remote_ip.family == login->remote_ip.family &&
	       auth->remote_port == login->remote_port &&
	       memcmp(auth->remote_ip.bytes, login->remote_ip.bytes, 16) == 0;
}

const struct recent_auth *recent_of_connection(const struct recent *recent,
					       const struct login *login)
{
	uint64_t name = folded(login->text[DOVETAP_FIELD_USERNAME]), session = session_sum(login);

	for (unsigned int i = 0; i < RECENT_MAX; i++) {
		const struct recent_auth *auth = at(recent, i, login);

		if (auth && auth->successful && auth->name == name && auth->session != session &&
		    same_connection(auth, login))
			return auth;
	}
	return NULL;
}

const struct recent_auth *recent_of_name(const struct recent *recent, const struct login *login)
{
	uint64_t name = folded(login->text[DOVETAP_FIELD_USERNAME]), session = session_sum(login);
	uint64_t service = service_sum(login);

	for (unsigned int i = 0; service != 0 && i < RECENT_MAX; i++) {
		const struct recent_auth *auth = at(recent, i, login);

		if (auth && auth->name == name && auth->service == service &&
		    auth->session != session)
			return auth;
	}
	return NULL;
}

bool recent_was_proxied(const struct recent *recent, const struct login *login)
{
	for (unsigned int i = 0; i < RECENT_MAX; i++) {
		const struct recent_auth *auth = at(recent, i, login);

		if (auth && auth->successful && auth->proxied)
			return true;
	}
	return false;
}
