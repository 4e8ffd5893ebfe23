/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/mysql_call.h"

#include <errmsg.h>
#include <errno.h>
#include <mysqld_error.h>
#include <poll.h>

#include "base/clock.h"
#include "store/drivers/sql/failure.h"

/* --- waiting ----------------------------------------------------------------------------------*/

static int events_of(int status)
{
	return (status & MYSQL_WAIT_READ ? POLLIN : 0) | (status & MYSQL_WAIT_WRITE ? POLLOUT : 0) |
	       (status & MYSQL_WAIT_EXCEPT ? POLLPRI : 0);
}

int mysql_wait_for(struct mysql_conn *my, int status)
{
	struct pollfd fd = {.fd = mysql_get_socket(my->mysql), .events = (short)events_of(status)};
	int64_t left_ms =
		(my->limit.deadline_ns - clock_monotonic_ns() + NS_PER_MSEC - 1) / NS_PER_MSEC;
	int ret;

	if (left_ms <= 0)
		return MYSQL_WAIT_TIMEOUT;
	do {
		ret = poll(&fd, 1, (int)(left_ms < 3600000 ? left_ms : 3600000));
	} while (ret < 0 && errno == EINTR);
	if (ret <= 0)
		return MYSQL_WAIT_TIMEOUT;
	return (fd.revents & POLLIN ? MYSQL_WAIT_READ : 0) |
	       (fd.revents & POLLOUT ? MYSQL_WAIT_WRITE : 0) |
	       (fd.revents & POLLPRI ? MYSQL_WAIT_EXCEPT : 0) |
	       (fd.revents & (POLLERR | POLLHUP) ? status & ~MYSQL_WAIT_TIMEOUT : 0);
}

static int64_t earlier(int64_t deadline_ns, unsigned int msecs)
{
	int64_t limit = clock_monotonic_ns() + msecs * NS_PER_MSEC;

	return limit < deadline_ns ? limit : deadline_ns;
}

const struct mysql_host *mysql_host_of(const struct mysql_conn *my)
{
	return &my->hosts.list[my->host];
}

void mysql_begin(struct mysql_conn *my, int64_t deadline_ns, size_t answer_max)
{
	mysql_limit_set(&my->limit, earlier(deadline_ns, mysql_host_of(my)->read_timeout),
			answer_max);
}

void mysql_begin_connecting(struct mysql_conn *my, int64_t deadline_ns)
{
	mysql_limit_set(&my->limit, earlier(deadline_ns, mysql_host_of(my)->connect_timeout),
			MYSQL_ANSWER_MAX);
}

/* --- errors -----------------------------------------------------------------------------------*/

/* Where the SQLSTATE is less specific than the number, or is HY000. */
static const struct {
	unsigned int number;
	enum sql_result result;
} numbers[] = {
	{ER_OPTION_PREVENTS_STATEMENT, SQL_MOVE}, /* --read-only */
	{1836, SQL_MOVE},			  /* read-only mode */
	{ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, SQL_MOVE},
	{ER_SERVER_SHUTDOWN, SQL_MOVE},
	{ER_UNKNOWN_COM_ERROR, SQL_MOVE}, /* a Galera node that is not in sync */
	{1927, SQL_LOST},		  /* connection was killed */
	{4031, SQL_LOST},		  /* disconnected by the server for inactivity */
	{ER_QUERY_INTERRUPTED, SQL_AGAIN},
	{ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, SQL_ROW},
	{ER_WARN_DATA_OUT_OF_RANGE, SQL_ROW},
	{1300, SQL_ROW}, /* invalid character string */
	{3819, SQL_ROW}, /* check constraint, MySQL */
	{4025, SQL_ROW}, /* check constraint, MariaDB */
	{ER_NO_PARTITION_FOR_GIVEN_VALUE, SQL_ROW},
	{ER_NO_DEFAULT_FOR_FIELD, SQL_SCHEMA},
	{ER_NON_INSERTABLE_TABLE, SQL_SCHEMA},
	{ER_NO_DB_ERROR, SQL_SCHEMA},
};

static enum sql_result result_of(unsigned int number, const char *sqlstate)
{
	if (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR)
		return SQL_LOST;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i].number == number)
			return numbers[i].result;
	return sql_failure_of_state(sqlstate);
}

const char *mysql_host_name(const struct mysql_host *host)
{
	return host->host ? host->host : host->option_file ? host->option_file : "localhost";
}

static enum sql_result fail(struct mysql_conn *my, unsigned int number, const char *state,
			    const char *text, struct error *error_r)
{
	bool late = mysql_limit_is_late(&my->limit);
	bool cut_off = late || mysql_limit_is_exceeded(&my->limit);

	if (cut_off)
		text = late ? "no answer in time" : "the answer is too long";
	error_set(error_r, late ? ETIMEDOUT : EIO, "mysql(%s): %s",
		  mysql_host_name(mysql_host_of(my)), text);
	return cut_off ? SQL_LOST : result_of(number, state);
}

enum sql_result mysql_fail(struct mysql_conn *my, struct error *error_r)
{
	return fail(my, mysql_errno(my->mysql), mysql_sqlstate(my->mysql), mysql_error(my->mysql),
		    error_r);
}

enum sql_result mysql_fail_stmt(struct mysql_conn *my, MYSQL_STMT *stmt, struct error *error_r)
{
	return fail(my, mysql_stmt_errno(stmt), mysql_stmt_sqlstate(stmt), mysql_stmt_error(stmt),
		    error_r);
}
