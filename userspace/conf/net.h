/* SPDX-License-Identifier: MIT */
/* Addresses and networks of "remote" and "local" blocks. */
#ifndef DOVETAP_CONF_NET_H
#define DOVETAP_CONF_NET_H

#include <stdbool.h>
#include <stdint.h>

struct conf_ip {
	uint16_t family; /* AF_INET, AF_INET6, 0 = none */
	uint8_t bytes[16];
};

struct conf_net {
	struct conf_ip ip;
	unsigned int bits;
};

/* "192.0.2.0/24", "192.0.2.1", "2001:db8::/32", "[2001:db8::1]". Host names are not looked up:
 * false. */
bool conf_net_parse(const char *text, struct conf_net *net_r);

bool conf_net_equal(const struct conf_net *a, const struct conf_net *b);

/* False for another family. An IPv4 address mapped into IPv6 counts as IPv4. */
bool conf_net_has(const struct conf_net *net, const struct conf_ip *ip);

#endif
