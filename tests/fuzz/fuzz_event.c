/* SPDX-License-Identifier: MIT */
/* Any bytes through the event decoder; what it accepts must be readable to its last byte. */
#include "capture/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char ip[LOGIN_IP_TEXT_MAX];
	struct error error;
	struct login login;
	volatile char sink = 0;

	if (decode_event((struct slice){(const char *)data, size}, &login, &error) < 0)
		return 0;
	for (unsigned int i = 0; i < DOVETAP_TEXT_COUNT; i++) {
		for (size_t j = 0; j < login.text[i].len; j++)
			sink ^= login.text[i].ptr[j];
	}
	(void)sink;
	(void)login_ip_text(&login.remote_ip, ip);
	(void)login_ip_text(&login.local_ip, ip);
	(void)login_ip_text(&login.real_remote_ip, ip);
	(void)login_ip_text(&login.real_local_ip, ip);
	return 0;
}
