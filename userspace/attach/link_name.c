/* SPDX-License-Identifier: MIT */
#include "attach/link_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

_Static_assert(16 + 5 * 17 + 2 * FILE_ID_BUILD_MAX + 1 < FD_STORE_NAME_MAX, "a name must fit");

void link_name_format(const struct link_name *name, char text_r[FD_STORE_NAME_MAX])
{
	const struct file_id *id = &name->id;
	int len = snprintf(text_r, FD_STORE_NAME_MAX,
			   "%s-%016" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%s",
			   priv_role_name(name->role), name->generation, id->dev, id->ino,
			   (uint64_t)id->ctime_ns, id->size, id->build_id_len > 0 ? "" : "0");

	for (uint32_t i = 0; i < id->build_id_len; i++)
		len += snprintf(text_r + len, FD_STORE_NAME_MAX - (size_t)len, "%02x",
				id->build_id[i]);
}

/* Takes "word-" off the text. */
static bool take_role(const char **text, enum priv_role *role_r)
{
	for (enum priv_role role = PRIV_ROLE_MAIL_USER; role < PRIV_ROLE_END; role++) {
		size_t len = strlen(priv_role_name(role));

		if (strncmp(*text, priv_role_name(role), len) != 0 || (*text)[len] != '-')
			continue;
		*text += len + 1;
		*role_r = role;
		return true;
	}
	return false;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Takes "number-" off the text. */
static bool take_number(const char **text, uint64_t *number_r)
{
	int count = 0, digit;

	*number_r = 0;
	for (; (digit = hex_digit(**text)) >= 0 && count < 16; ++*text, count++)
		*number_r = *number_r << 4 | (uint64_t)digit;
	return count > 0 && *(*text)++ == '-';
}

static bool take_build_id(const char *text, struct file_id *id)
{
	size_t len = strlen(text);

	if (strcmp(text, "0") == 0)
		return true;
	if (len == 0 || len % 2 != 0 || len / 2 > FILE_ID_BUILD_MAX)
		return false;
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		id->build_id[i / 2] = (uint8_t)(high << 4 | low);
	}
	id->build_id_len = (uint32_t)(len / 2);
	return true;
}

bool link_name_parse(const char *text, struct link_name *name_r)
{
	struct link_name name = {0};
	uint64_t ctime_ns;

	if (!take_role(&text, &name.role) || !take_number(&text, &name.generation) ||
	    !take_number(&text, &name.id.dev) || !take_number(&text, &name.id.ino) ||
	    !take_number(&text, &ctime_ns) || !take_number(&text, &name.id.size) ||
	    !take_build_id(text, &name.id))
		return false;
	name.id.ctime_ns = (int64_t)ctime_ns;
	*name_r = name;
	return true;
}
