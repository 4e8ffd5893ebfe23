/* SPDX-License-Identifier: MIT */
/* What all that keep something in SQLite share of it; sqlite_file.h opens the files. */
#ifndef DOVETAP_SQLITE_UTIL_H
#define DOVETAP_SQLITE_UTIL_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

/* Fills error_r from the connection's last error and returns the negative errno. */
int sqlite_error(sqlite3 *db, const char *what, struct error *error_r);

/* The same for the result code of a call that may have run out of memory of ours, such as
 * sqlite_handle_prepare(): the connection does not know of that. */
int sqlite_call_error(sqlite3 *db, int code, const char *what, struct error *error_r);

/* The errno nearest to an SQLite result code: EBUSY, ENOSPC, EIO, EROFS, ENOMEM, EACCES, E2BIG,
 * EILSEQ for a file that is no database or damaged, EPROTO for the rest. */
int sqlite_errno(int code);

/* Text that is valid UTF-8 without NUL is bound as TEXT, so that a person can read and compare
 * it; other bytes as BLOB. Each byte string has one form only, so "=" stays exact. The bytes must
 * stay valid until the statement has run. */
int sqlite_bind_bytes(sqlite3_stmt *statement, int index, struct slice bytes);

/* The bytes of a column of any type; valid until the next step. */
struct slice sqlite_column_bytes_slice(sqlite3_stmt *statement, int index);

/* Lets statements wait for a lock until the deadline, at most for max_msecs. */
void sqlite_wait_until(sqlite3 *db, int64_t deadline_ns, int64_t max_msecs);

#endif
