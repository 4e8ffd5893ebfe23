/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/pgsql_call.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "store/drivers/sql/failure.h"

/* --- errors -----------------------------------------------------------------------------------*/

/* libpq's texts end with a newline and may have more of them inside. */
void pgsql_set_error(struct pgsql_conn *pg, const char *text, struct error *error_r)
{
	const char *host = pg->hosts.list[pg->host].name;

	error_set(error_r, EIO, "pgsql(%s): %s", host[0] != '\0' ? host : "default", text);
	for (char *p = error_r ? error_r->text : NULL; p && *p != '\0'; p++) {
		if (*p != '\n')
			continue;
		*p = p[1] == '\0' ? '\0' : ' ';
		if (*p == '\0')
			break;
	}
}

/* The connection is of no use: it failed, or an answer may still come. */
static enum sql_result lost(struct pgsql_conn *pg, struct error *error_r)
{
	const char *text = PQerrorMessage(pg->pg);

	if (clock_monotonic_ns() >= pg->deadline_ns)
		text = "no answer in time";
	else if (pg->bytes_left == 0)
		text = "the answer is too long";
	else if (text[0] == '\0')
		text = "not an answer to what was asked";
	pgsql_set_error(pg, text, error_r);
	return SQL_LOST;
}

static enum sql_result check(struct pgsql_conn *pg, const PGresult *result, struct error *error_r)
{
	ExecStatusType status = PQresultStatus(result);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return SQL_OK;
	if (!state || PQstatus(pg->pg) == CONNECTION_BAD)
		return lost(pg, error_r);
	pgsql_set_error(pg, text ? text : state, error_r);
	return sql_failure_of_state(state);
}

/* --- waiting ----------------------------------------------------------------------------------*/

bool pgsql_wait_for(struct pgsql_conn *pg, int events)
{
	struct pollfd fd = {.fd = PQsocket(pg->pg), .events = (short)events};
	int64_t left_ms = (pg->deadline_ns - clock_monotonic_ns() + NS_PER_MSEC - 1) / NS_PER_MSEC;
	int ret;

	if (left_ms <= 0)
		return false;
	do {
		ret = poll(&fd, 1, (int)(left_ms < 3600000 ? left_ms : 3600000));
	} while (ret < 0 && errno == EINTR);
	return ret > 0;
}

void pgsql_begin(struct pgsql_conn *pg, int64_t deadline_ns, size_t answer_max)
{
	pg->deadline_ns = deadline_ns;
	pg->bytes_left = answer_max;
}

/* Waits, and reads all that has arrived: libpq keeps it. Returns false when it is enough. */
static bool consume(struct pgsql_conn *pg, int events)
{
	int there = 0;

	if (!pgsql_wait_for(pg, events))
		return false;
	if (ioctl(PQsocket(pg->pg), FIONREAD, &there) == 0 && there > 0)
		pg->bytes_left -= (size_t)there < pg->bytes_left ? (size_t)there : pg->bytes_left;
	return pg->bytes_left > 0 && PQconsumeInput(pg->pg);
}

/* Sends what is buffered; reads meanwhile, because the server may be writing, too. */
static bool flush(struct pgsql_conn *pg)
{
	int left;

	while ((left = PQflush(pg->pg)) > 0)
		if (!consume(pg, POLLIN | POLLOUT))
			return false;
	return left == 0;
}

/* Nothing that we send starts a COPY, whose results libpq would return for ever. */
static bool is_copy(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

static bool wait_for_result(struct pgsql_conn *pg)
{
	while (PQisBusy(pg->pg)) {
		if (!consume(pg, POLLIN))
			return false;
	}
	return true;
}

/* The last result has no rows; one that failed may come behind some. */
enum sql_result pgsql_stream(struct pgsql_conn *pg, int64_t idle_ns, pgsql_rows_cb *cb,
			     void *context, struct error *error_r)
{
	enum sql_result outcome = SQL_OK;
	PGresult *rows;

	if (!flush(pg) || !wait_for_result(pg))
		return lost(pg, error_r);
	while ((rows = PQgetResult(pg->pg)) != NULL) {
		bool copy = is_copy(rows);

		if (PQresultStatus(rows) == PGRES_SINGLE_TUPLE)
			cb(rows, context);
		else if (outcome == SQL_OK && !copy)
			outcome = check(pg, rows, error_r);
		PQclear(rows);
		if (idle_ns > 0)
			pg->deadline_ns = clock_monotonic_ns() + idle_ns;
		if (copy || !wait_for_result(pg))
			return lost(pg, error_r);
	}
	return outcome;
}

enum sql_result pgsql_finish(struct pgsql_conn *pg, int sent, PGresult **result_r,
			     struct error *error_r)
{
	PGresult *result = NULL, *next;
	enum sql_result outcome;

	if (!sent || !flush(pg))
		return lost(pg, error_r);
	do {
		while (PQisBusy(pg->pg))
			if (!consume(pg, POLLIN)) {
				PQclear(result);
				return lost(pg, error_r);
			}
		next = PQgetResult(pg->pg);
		if (next) {
			PQclear(result);
			result = next;
		}
	} while (next && !is_copy(next));
	if (!result || is_copy(result)) {
		PQclear(result);
		return lost(pg, error_r);
	}
	outcome = check(pg, result, error_r);
	if (outcome == SQL_OK && result_r)
		*result_r = result;
	else
		PQclear(result);
	return outcome;
}
