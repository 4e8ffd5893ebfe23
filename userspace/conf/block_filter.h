/* SPDX-License-Identifier: MIT */
/*
 * Which logins a "protocol", "remote", "local" or "local_name" block is for, and which block wins.
 *
 * Blocks nest: the inner one narrows the outer one. Of the blocks that match a login the most
 * specific wins, in this order: with a local_name, the longer local network, the longer remote
 * network, with a protocol (Dovecot's config-filter.c); among equals the one opened first.
 */
#ifndef DOVETAP_CONF_BLOCK_FILTER_H
#define DOVETAP_CONF_BLOCK_FILTER_H

#include "base/error.h"
#include "base/slice.h"
#include "conf/net.h"
#include "conf/tree.h"

struct conf_filter {
	const char *protocol;	       /* "imap" or "!imap"; NULL = any */
	const char *local_name;	       /* names with wildcards, separated by blanks; NULL = any */
	struct conf_net remote, local; /* family 0 = any */
};

/* What is known of a login; a missing address or name matches no block that asks for one. */
struct conf_peer {
	struct slice service, local_name;
	struct conf_ip remote, local;
};

/* True for the section types above. */
bool conf_is_filter(const struct conf_section *section);

/* The outer filter narrowed by the section. */
int conf_filter_narrow(const struct conf_filter *outer, const struct conf_section *section,
		       struct conf_filter *filter_r, struct error *error_r);

/* The protocol of managesieve logins is called "sieve" or "managesieve". */
bool conf_filter_has_service(const struct conf_filter *filter, struct slice service);

bool conf_filter_matches(const struct conf_filter *filter, const struct conf_peer *peer);

/*
 * Whether it matches every login of a region: a service, one name or mask or NULL for logins
 * without a name, one network or none for logins without that address. Of two networks one is
 * inside the other or they are apart, so a filter matches all logins of the region "in this network
 * and in no narrower one", or none.
 */
bool conf_filter_covers(const struct conf_filter *filter, const struct conf_filter *region);

/* < 0 when a is less specific than b. */
int conf_filter_compare(const struct conf_filter *a, const struct conf_filter *b);

#endif
