/* SPDX-License-Identifier: MIT */
#include "conf/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool parse_ip(const char *text, struct conf_ip *ip)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};

	for (size_t i = 0; i < 2; i++) {
		*ip = (struct conf_ip){.family = families[i]};
		if (inet_pton(families[i], text, ip->bytes) == 1)
			return true;
	}
	return false;
}

static unsigned int bits_of(const struct conf_ip *ip)
{
	return ip->family == AF_INET ? 32 : 128;
}

bool conf_net_parse(const char *text, struct conf_net *net_r)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct conf_net net;
	char host[64], *end;
	unsigned long bits;

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (!parse_ip(host, &net.ip))
		return false;
	net.bits = bits_of(&net.ip);
	if (slash) {
		if (slash[1] < '0' || slash[1] > '9')
			return false;
		errno = 0;
		bits = strtoul(slash + 1, &end, 10);
		if (errno != 0 || *end != '\0' || bits > net.bits)
			return false;
		net.bits = (unsigned int)bits;
	}
	*net_r = net;
	return true;
}

bool conf_net_equal(const struct conf_net *a, const struct conf_net *b)
{
	return a->ip.family == b->ip.family && a->bits == b->bits &&
	       memcmp(a->ip.bytes, b->ip.bytes, sizeof(a->ip.bytes)) == 0;
}

static struct conf_ip unmapped(const struct conf_ip *ip)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
	struct conf_ip v4 = {.family = AF_INET};

	if (ip->family != AF_INET6 || memcmp(ip->bytes, prefix, sizeof(prefix)) != 0)
		return *ip;
	memcpy(v4.bytes, ip->bytes + sizeof(prefix), 4);
	return v4;
}

bool conf_net_has(const struct conf_net *net, const struct conf_ip *ip)
{
	const struct conf_ip plain = unmapped(ip);
	unsigned int whole = net->bits / 8, rest = net->bits % 8;

	if (plain.family != net->ip.family || memcmp(plain.bytes, net->ip.bytes, whole) != 0)
		return false;
	return rest == 0 || (plain.bytes[whole] ^ net->ip.bytes[whole]) >> (8 - rest) == 0;
}
