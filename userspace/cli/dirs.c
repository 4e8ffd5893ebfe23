/* SPDX-License-Identifier: MIT */
#include "cli/dirs.h"

#include "priv/drop.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_for(const char *dir, const struct priv_user *user, struct error *error_r)
{
	if (mkdir(dir, 0750) < 0)
		return errno == EEXIST ? 0 : error_set(error_r, errno, "%s: %m", dir);
	if (chown(dir, user->uid, user->gid) < 0)
		return error_set(error_r, errno, "%s: cannot give it to %s: %m", dir, user->name);
	return 0;
}

int dirs_make(const char *state_dir, const char *control_socket, const char *user_name,
	      struct error *error_r)
{
	const char *slash = strrchr(control_socket, '/');
	struct priv_user user;
	char dir[PATH_MAX];
	int ret = priv_user_find(user_name, &user, error_r);

	if (ret == 0)
		ret = make_for(state_dir, &user, error_r);
	if (ret < 0 || !slash || slash == control_socket)
		return ret;
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - control_socket), control_socket);
	return make_for(dir, &user, error_r);
}
