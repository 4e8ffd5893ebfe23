/* SPDX-License-Identifier: MIT */
#include "cli/dirs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "priv/drop.h"

#define PRIVATE	 0750
#define PASSABLE 0751 /* for those whom the socket itself lets in */

static int make_for(const char *dir, mode_t mode, const struct priv_user *user,
		    struct error *error_r)
{
	if (mkdir(dir, mode) < 0)
		return errno == EEXIST ? 0 : error_set(error_r, errno, "%s: %m", dir);
	if (chmod(dir, mode) < 0) /* the umask may have taken some */
		return error_set(error_r, errno, "%s: %m", dir);
	if (chown(dir, user->uid, user->gid) < 0)
		return error_set(error_r, errno, "%s: cannot give it to %s: %m", dir, user->name);
	return 0;
}

/* path is absolute; what stands in "/" needs no directory. */
static int make_parent(const char *path, mode_t mode, const struct priv_user *user,
		       struct error *error_r)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	if (!slash || slash == path)
		return 0;
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	return make_for(dir, mode, user, error_r);
}

int dirs_make_for_file(const char *path, const char *user_name, struct error *error_r)
{
	struct priv_user user;
	int ret = priv_user_find(user_name, &user, error_r);

	return ret < 0 ? ret : make_parent(path, PRIVATE, &user, error_r);
}

int dirs_make(const char *state_dir, const char *control_socket, const char *user_name,
	      struct error *error_r)
{
	struct priv_user user;
	int ret = priv_user_find(user_name, &user, error_r);

	if (ret == 0)
		ret = make_for(state_dir, PRIVATE, &user, error_r);
	return ret < 0 ? ret : make_parent(control_socket, PASSABLE, &user, error_r);
}
