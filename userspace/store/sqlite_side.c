/* SPDX-License-Identifier: MIT */
#include "store/sqlite_side.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define LINKS_MAX 40 /* as the kernel follows them */

int sqlite_file_id_of(const char *path, struct sqlite_file_id *id_r, struct error *error_r)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_set(error_r, errno, "%s: %m", path);
	*id_r = (struct sqlite_file_id){st.st_dev, st.st_ino};
	return 0;
}

bool sqlite_file_id_same(const struct sqlite_file_id *a, const struct sqlite_file_id *b)
{
	return a->inode != 0 && a->inode == b->inode && a->device == b->device;
}

/* --- the path ---------------------------------------------------------------------------------*/

/* What the link names, as seen from the link's directory; NULL when it is no link. */
static char *read_link(const char *path)
{
	const char *slash = strrchr(path, '/');
	char target[PATH_MAX], *joined;
	ssize_t len = readlink(path, target, sizeof(target) - 1);
	int dir = slash ? (int)(slash - path + 1) : 0;

	if (len < 0)
		return NULL;
	target[len] = '\0';
	if (asprintf(&joined, "%.*s%s", target[0] == '/' ? 0 : dir, path, target) < 0)
		return NULL;
	return joined;
}

/* Links to a file that is yet to be made: each by hand. */
static char *last_of_links(const char *path)
{
	char *at = strdup(path), *next;

	for (int i = 0; at && i < LINKS_MAX && (next = read_link(at)); i++) {
		free(at);
		at = next;
	}
	return at;
}

char *sqlite_side_real_path(const char *path)
{
	char *real = realpath(path, NULL), *file, *slash, *joined;

	if (real)
		return real;
	file = last_of_links(path);
	slash = file ? strrchr(file, '/') : NULL;
	if (!slash || slash == file)
		return file;
	*slash = '\0';
	real = realpath(file, NULL);
	*slash = '/';
	if (!real)
		return file;
	if (asprintf(&joined, "%s%s", real, slash) < 0)
		joined = NULL;
	free(real);
	free(file);
	return joined;
}

/* SQLite would create the file readable for everybody, and no directory. */
int sqlite_side_create(const char *path, struct error *error_r)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash && slash > path ? strndup(path, (size_t)(slash - path)) : NULL;
	int fd;

	if (parent)
		(void)mkdir(parent, 0750);
	free(parent);
	/* Closing it costs no lock: nobody can have had it open. */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0 && errno != EEXIST)
		return error_set(error_r, errno, "cannot open %s: %s", path,
				 strerrordesc_np(errno));
	if (fd >= 0)
		close(fd);
	return 0;
}

/* --- what is beside it ------------------------------------------------------------------------*/

enum beside { LOG, INDEX, ID };

static const char *const suffixes[] = {"-wal", "-shm", "-id"};

/* False without memory or with too long a name, which SQLite would not take either. */
static bool name_beside(char name[PATH_MAX], const char *path, enum beside which)
{
	return snprintf(name, PATH_MAX, "%s%s", path, suffixes[which]) < PATH_MAX;
}

static struct sqlite_file_id find_beside(const char *path, enum beside which)
{
	struct sqlite_file_id id = {0};
	char name[PATH_MAX];

	if (name_beside(name, path, which))
		(void)sqlite_file_id_of(name, &id, NULL);
	return id;
}

void sqlite_side_remember(struct sqlite_side *side, const char *path)
{
	side->log = find_beside(path, LOG);
	side->index = find_beside(path, INDEX);
}

static void remove_beside(const char *path, enum beside which)
{
	char name[PATH_MAX];

	if (name_beside(name, path, which))
		(void)unlink(name);
}

/* While the connection is open, nobody else can get the inode. */
static void remove_own(const struct sqlite_side *side, const char *path)
{
	struct sqlite_file_id log = find_beside(path, LOG), index = find_beside(path, INDEX);

	if (sqlite_file_id_same(&log, &side->log))
		remove_beside(path, LOG);
	if (sqlite_file_id_same(&index, &side->index))
		remove_beside(path, INDEX);
}

/* --- PATH-id ----------------------------------------------------------------------------------*/

void sqlite_side_write_id(const struct sqlite_side *side, const char *path,
			  const struct sqlite_file_id *id)
{
	char name[PATH_MAX];
	int fd;

	if (!name_beside(name, path, ID) || side->log.inode == 0)
		return;
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return;
	(void)dprintf(fd, "file %ju log %ju\n", (uintmax_t)id->inode, (uintmax_t)side->log.inode);
	close(fd);
}

static bool read_id(const char *path, uintmax_t *file_r, uintmax_t *log_r)
{
	char name[PATH_MAX], line[64] = "", *end;
	FILE *file = name_beside(name, path, ID) ? fopen(name, "re") : NULL;
	bool whole;

	if (!file)
		return false;
	whole = fgets(line, sizeof(line), file) && strncmp(line, "file ", 5) == 0;
	(void)fclose(file);
	if (!whole)
		return false;
	*file_r = strtoumax(line + 5, &end, 10);
	if (strncmp(end, " log ", 5) != 0)
		return false;
	*log_r = strtoumax(end + 5, &end, 10);
	return *end == '\n';
}

static int move_log_aside(const char *path, struct error *error_r)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (!name_beside(from, path, LOG) ||
	    snprintf(to, sizeof(to), "%s.stale-%lld", from, (long long)clock_wall_ns()) >= PATH_MAX)
		return error_set(error_r, ENAMETOOLONG, "%s: too long a name", path);
	if (rename(from, to) < 0)
		return error_set(error_r, errno, "%s belongs to another file than %s: %m", from,
				 path);
	remove_beside(path, INDEX);
	return error_set(error_r, ESTALE,
			 "%s was replaced while dovetap did not run; the log of the file before it "
			 "was moved to %s",
			 path, to);
}

int sqlite_side_check(const char *path, const struct sqlite_file_id *id, bool repair,
		      struct error *error_r)
{
	uintmax_t file = 0, log = 0;

	if (!read_id(path, &file, &log) || file == id->inode || log != find_beside(path, LOG).inode)
		return 0;
	if (repair)
		return move_log_aside(path, error_r);
	return error_set(error_r, ESTALE,
			 "%s was replaced, and %s-wal belongs to the file before it: dovetap moves "
			 "that aside when it writes next",
			 path, path);
}

/* --- what another user left
 * --------------------------------------------------------------------- */

static int admit(const char *path, enum beside which, struct error *error_r)
{
	char name[PATH_MAX];
	struct stat st;

	if (!name_beside(name, path, which) || access(name, F_OK) < 0 ||
	    access(name, R_OK | W_OK) == 0 || lstat(name, &st) < 0)
		return 0;
	/* An index is made from the log anew. */
	if ((st.st_size == 0 || which == INDEX) && unlink(name) == 0)
		return 0;
	return error_set(error_r, EACCES,
			 "%s belongs to user %u, and keeps the user %u from opening the file: "
			 "remove it as root",
			 name, st.st_uid, geteuid());
}

int sqlite_side_admit(const char *path, struct error *error_r)
{
	int ret = admit(path, LOG, error_r);

	return ret < 0 ? ret : admit(path, INDEX, error_r);
}

/* --- the end ----------------------------------------------------------------------------------*/

static bool at_place(const char *path, const struct sqlite_file_id *id)
{
	struct sqlite_file_id now = {0};

	return sqlite_file_id_of(path, &now, NULL) == 0 && sqlite_file_id_same(&now, id);
}

/* Fails while somebody else has it open, who then is the last one, or without the right to. */
static void leave_wal_mode(sqlite3 *db, const char *path)
{
	sqlite3_busy_timeout(db, 0);
	if (sqlite3_exec(db, "PRAGMA journal_mode = delete", NULL, NULL, NULL) == SQLITE_OK &&
	    find_beside(path, LOG).inode == 0)
		remove_beside(path, ID);
}

static void abandon(const struct sqlite_side *side, sqlite3 *db, const char *path)
{
	int persist = 1;

	sqlite3_busy_timeout(db, 0);
	(void)sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	(void)sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
	remove_own(side, path);
}

void sqlite_side_close(const struct sqlite_side *side, sqlite3 *db, const char *path,
		       const struct sqlite_file_id *id, bool ours)
{
	if (!at_place(path, id))
		abandon(side, db, path);
	else if (ours)
		leave_wal_mode(db, path);
	sqlite3_close(db);
}
