/* SPDX-License-Identifier: MIT */
#include "login/ip_mask.h"

#include <stdio.h>
#include <sys/socket.h>

#define MAPPED_BITS 96U

bool ip_is_mapped(const struct login_ip *ip)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return ip->family == AF_INET6 && memcmp(ip->bytes, prefix, sizeof(prefix)) == 0;
}

static void keep_bits(uint8_t bytes[16], unsigned int bits, unsigned int size)
{
	for (unsigned int i = bits; i < size * 8; i++)
		bytes[i / 8] &= (uint8_t) ~(0x80U >> i % 8);
}

void ip_mask_apply(const struct ip_mask *mask, struct login_ip *ip)
{
	if (ip->family == AF_INET)
		keep_bits(ip->bytes, mask->v4, 4);
	else if (ip_is_mapped(ip))
		keep_bits(ip->bytes, MAPPED_BITS + mask->v4, 16);
	else if (ip->family == AF_INET6)
		keep_bits(ip->bytes, mask->v6, 16);
}

size_t ip_network_text(const struct ip_mask *mask, const struct login_ip *ip,
		       char text[IP_NETWORK_TEXT_MAX])
{
	struct login_ip network = *ip;
	unsigned int bits = ip->family == AF_INET ? mask->v4 : mask->v6;
	char address[LOGIN_IP_TEXT_MAX];

	if (ip_is_mapped(ip))
		bits = MAPPED_BITS + mask->v4;
	ip_mask_apply(mask, &network);
	if (login_ip_text(&network, address) == 0)
		return 0;
	return (size_t)snprintf(text, IP_NETWORK_TEXT_MAX, "%s/%u", address, bits);
}
