/* SPDX-License-Identifier: MIT */
#include "login/passwd.h"

#include <pwd.h>
#include <string.h>

/* The part before the "@". */
static bool is_name(struct slice name, const char *account)
{
	size_t len = strlen(account);

	return len > 0 && name.len >= len && memcmp(name.ptr, account, len) == 0 &&
	       (name.len == len || name.ptr[len] == '@');
}

bool passwd_in_file(FILE *passwd, uint32_t uid, struct slice name)
{
	struct passwd entry, *found;
	char room[4096];

	while (fgetpwent_r(passwd, &entry, room, sizeof(room), &found) == 0) {
		if (found->pw_uid == uid && is_name(name, found->pw_name))
			return true;
	}
	return false;
}

bool passwd_has_name(uint32_t uid, struct slice name)
{
	FILE *passwd = fopen("/etc/passwd", "re");
	bool has;

	if (!passwd)
		return false;
	has = passwd_in_file(passwd, uid, name);
	(void)fclose(passwd);
	return has;
}
