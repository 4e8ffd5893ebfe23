/* SPDX-License-Identifier: MIT */
#include "store/sqlite_util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

static const struct {
	int code, number;
} errnos[] = {
	{SQLITE_BUSY, EBUSY},	  {SQLITE_LOCKED, EBUSY},    {SQLITE_FULL, ENOSPC},
	{SQLITE_IOERR, EIO},	  {SQLITE_READONLY, EROFS},  {SQLITE_NOMEM, ENOMEM},
	{SQLITE_PERM, EACCES},	  {SQLITE_CANTOPEN, EACCES}, {SQLITE_TOOBIG, E2BIG},
	{SQLITE_CORRUPT, EILSEQ}, {SQLITE_NOTADB, EILSEQ},   {SQLITE_INTERRUPT, ETIMEDOUT},
};

int sqlite_errno(int code)
{
	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
		if (errnos[i].code == (code & 0xff))
			return errnos[i].number;
	}
	return EPROTO;
}

int sqlite_error(sqlite3 *db, const char *what, struct error *error_r)
{
	int system = sqlite3_system_errno(db), code = sqlite3_extended_errcode(db);
	bool io = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;

	if (io && system != 0)
		return error_set(error_r, sqlite_errno(code), "%s: %s (%s)", what,
				 sqlite3_errmsg(db), strerrordesc_np(system));
	return error_set(error_r, sqlite_errno(code), "%s: %s", what, sqlite3_errmsg(db));
}

/* SQLite would create the file readable for everybody, and no directory. */
static int create_file(const char *path, struct error *error_r)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash && slash > path ? strndup(path, (size_t)(slash - path)) : NULL;
	int fd;

	if (parent)
		(void)mkdir(parent, 0750);
	free(parent);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return error_set(error_r, errno, "cannot open %s: %s", path,
				 strerrordesc_np(errno));
	close(fd);
	return 0;
}

int sqlite_open_file(const char *path, const char *synchronous, sqlite3 **db_r,
		     struct error *error_r)
{
	sqlite3 *db = NULL;
	char pragmas[128];
	int ret = create_file(path, error_r);

	if (ret < 0)
		return ret;
	/* What does not fit a cache must not go to /tmp, where the sandbox lets nobody write. */
	snprintf(pragmas, sizeof(pragmas),
		 "PRAGMA journal_mode = wal; PRAGMA synchronous = %s; PRAGMA temp_store = memory",
		 synchronous);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
		    SQLITE_OK &&
	    sqlite3_busy_timeout(db, 1000) == SQLITE_OK &&
	    sqlite3_exec(db, pragmas, NULL, NULL, NULL) == SQLITE_OK) {
		*db_r = db;
		return 0;
	}
	ret = db ? sqlite_error(db, path, error_r) : error_set(error_r, ENOMEM, "out of memory");
	sqlite3_close(db);
	return ret;
}

static bool is_text(struct slice bytes)
{
	for (size_t i = 0, len; bytes.ptr && i < bytes.len; i += len) {
		len = utf8_sequence((const uint8_t *)bytes.ptr + i, bytes.len - i);
		if (len == 0 || bytes.ptr[i] == '\0')
			return false;
	}
	return true;
}

int sqlite_bind_bytes(sqlite3_stmt *statement, int index, struct slice bytes)
{
	const char *ptr = bytes.ptr ? bytes.ptr : "";

	if (bytes.len > INT32_MAX)
		return SQLITE_TOOBIG;
	if (is_text(bytes))
		return sqlite3_bind_text(statement, index, ptr, (int)bytes.len, SQLITE_STATIC);
	return sqlite3_bind_blob(statement, index, ptr, (int)bytes.len, SQLITE_STATIC);
}

struct slice sqlite_column_bytes_slice(sqlite3_stmt *statement, int index)
{
	const char *ptr = sqlite3_column_blob(statement, index);

	return (struct slice){ptr, (size_t)sqlite3_column_bytes(statement, index)};
}

void sqlite_wait_until(sqlite3 *db, int64_t deadline_ns, int64_t max_msecs)
{
	int64_t msecs = (deadline_ns - clock_monotonic_ns()) / NS_PER_MSEC;

	msecs = msecs < 0 ? 0 : msecs;
	sqlite3_busy_timeout(db, (int)(msecs < max_msecs ? msecs : max_msecs));
}
