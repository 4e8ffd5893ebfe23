/* SPDX-License-Identifier: MIT */
#include "login/login.h"

#include <arpa/inet.h>

size_t login_ip_text(const struct login_ip *ip, char text[LOGIN_IP_TEXT_MAX])
{
	text[0] = '\0';
	if (ip->family == 0 || !inet_ntop(ip->family, ip->bytes, text, LOGIN_IP_TEXT_MAX))
		return 0;
	return strlen(text);
}
