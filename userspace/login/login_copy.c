/* SPDX-License-Identifier: MIT */
#include "login/login_copy.h"

#include <stdlib.h>

size_t login_copy_size(const struct login *login)
{
	size_t size = sizeof(*login);

	for (unsigned int i = 0; i < DOVETAP_TEXT_COUNT; i++)
		size += login->text[i].len;
	return size + login->comm.len;
}

/* UNSAFE: the block has login_copy_size() bytes. */
struct login *login_copy(const struct login *login)
{
	struct login *kept = malloc(login_copy_size(login));
	char *at = (char *)(kept + 1);

	if (!kept)
		return NULL;
	*kept = *login;
	for (unsigned int i = 0; i < DOVETAP_TEXT_COUNT; i++) {
		if (login->text[i].len == 0)
			continue;
		memcpy(at, login->text[i].ptr, login->text[i].len);
		kept->text[i].ptr = at;
		at += login->text[i].len;
	}
	if (login->comm.len > 0)
		memcpy(at, login->comm.ptr, login->comm.len);
	kept->comm.ptr = at;
	return kept;
}
