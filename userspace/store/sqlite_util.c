/* SPDX-License-Identifier: MIT */
#include "store/sqlite_util.h"

#include <errno.h>
#include <stdbool.h>

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

int sqlite_call_error(sqlite3 *db, int code, const char *what, struct error *error_r)
{
	return code == SQLITE_NOMEM ? error_set(error_r, ENOMEM, "%s: out of memory", what)
				    : sqlite_error(db, what, error_r);
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
