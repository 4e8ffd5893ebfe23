/* SPDX-License-Identifier: MIT */
/*
 * How much of a client's address may be kept. IPv6 addresses that stand for IPv4 ones
 * (::ffff:192.0.2.1) are masked as IPv4.
 */
#ifndef DOVETAP_IP_MASK_H
#define DOVETAP_IP_MASK_H

#include "login/login.h"

struct ip_mask {
	uint8_t v4, v6; /* bits that stay; 0 keeps nothing: see ip_mask_none */
};

static const struct ip_mask ip_mask_none = {32, 128};

/* ::ffff:192.0.2.1 */
bool ip_is_mapped(const struct login_ip *ip);

/* Clears the bits behind the prefix. Nothing happens to "no address". */
void ip_mask_apply(const struct ip_mask *mask, struct login_ip *ip);

#define IP_NETWORK_TEXT_MAX (LOGIN_IP_TEXT_MAX + 4)

/* Writes "192.0.2.0/24" for the address and returns its length; 0 when there is none. */
size_t ip_network_text(const struct ip_mask *mask, const struct login_ip *ip,
		       char text[IP_NETWORK_TEXT_MAX]);

#endif
