/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/startup.h"

#include <errno.h>

#include "store/drivers/cassandra/cql_conn.h"
#include "store/drivers/cassandra/cql_settings.h"
#include "store/drivers/cassandra/cql_statement.h"
#include "store/drivers/cassandra/error_code.h"

enum step { STEP_OPTIONS, STEP_STARTUP, STEP_AUTH, STEP_PREPARE, STEP_WAIT };

/* conn->startup_step holds the step to send next, or that which waits plus STEP_WAIT. */
static void wait_for_answer(struct cql_conn *conn)
{
	conn->startup_step += STEP_WAIT;
}

static bool ends_with(struct slice text, const char *end)
{
	size_t len = strlen(end);

	return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

/* The password goes only to those that are known to take it like this. */
static bool takes_password(struct slice authenticator)
{
	return ends_with(authenticator, "PasswordAuthenticator") ||
	       ends_with(authenticator, "PasswordFallbackAuthenticator");
}

static void on_authenticate(struct cql_conn *conn, struct slice authenticator)
{
	if (!takes_password(authenticator))
		cql_conn_fail(conn, EACCES,
			      "the server wants %.*s, only PasswordAuthenticator is known",
			      (int)(authenticator.len > 100 ? 100 : authenticator.len),
			      authenticator.ptr);
	else if (conn->settings->user[0] == '\0')
		cql_conn_fail(conn, EACCES, "the server asks for a user and a password");
	else
		conn->startup_step = STEP_AUTH;
}

static void on_ready(struct cql_conn *conn)
{
	conn->preparing = 0;
	conn->startup_step = STEP_PREPARE;
}

static void on_prepared(struct cql_conn *conn, const struct cql_response *response)
{
	struct cql_prepared_id *id = &conn->ids[conn->preparing];
	struct error error;

	if (response->kind != CQL_RESULT_PREPARED) {
		cql_conn_fail(conn, EPROTO, "the server answered PREPARE with another result");
		return;
	}
	if (cql_statement_learn(&conn->statements->list[conn->preparing], &response->prepared,
				&error) < 0) {
		cql_conn_fail(conn, error.code, "%s", error.text);
		return;
	}
	/* UNSAFE: cql_response_read() refuses ids above CQL_PREPARED_MAX. */
	id->len = (uint8_t)response->prepared.id.len;
	memcpy(id->bytes, response->prepared.id.ptr, id->len);
	conn->preparing++;
	conn->startup_step = STEP_PREPARE;
}

static void on_error(struct cql_conn *conn, unsigned int step, const struct cql_server_error *error)
{
	char text[400];

	cql_error_describe(error, text, sizeof(text));
	if (error->code == CQL_E_PROTOCOL && step <= STEP_STARTUP)
		cql_conn_fail(conn, EPROTONOSUPPORT, "%s", text);
	else if (error->code == CQL_E_CREDENTIALS)
		cql_conn_fail(conn, EACCES, "user %s: %s", conn->settings->user, text);
	else if (step == STEP_PREPARE && cql_error_rule(error->code)->outcome == DICT_REFUSED)
		cql_conn_fail(conn, EINVAL, "%s: %s", conn->statements->list[conn->preparing].where,
			      text);
	else
		cql_conn_fail(conn, EREMOTEIO, "%s", text);
}

static bool lets_us_in(const struct cql_response *response, unsigned int step)
{
	return (step == STEP_STARTUP && response->opcode == CQL_READY) ||
	       (step == STEP_AUTH && response->opcode == CQL_AUTH_SUCCESS);
}

static void startup_done(struct cql_request *request, struct cql_conn *conn,
			 const struct cql_response *response)
{
	unsigned int step = conn->startup_step - STEP_WAIT;

	(void)request;
	if (!response)
		return;
	if (response->opcode == CQL_ERROR)
		on_error(conn, step, &response->error);
	else if (response->opcode == CQL_SUPPORTED && step == STEP_OPTIONS)
		conn->startup_step = STEP_STARTUP;
	else if (response->opcode == CQL_AUTHENTICATE && step == STEP_STARTUP)
		on_authenticate(conn, response->authenticator);
	else if (lets_us_in(response, step))
		on_ready(conn);
	else if (response->opcode == CQL_RESULT && step == STEP_PREPARE)
		on_prepared(conn, response);
	else
		cql_conn_fail(conn, EPROTO, "unexpected %s before the connection was ready",
			      cql_opcode_name(response->opcode));
}

/* SASL PLAIN: no authorization id, the user, the password. */
static void send_auth(struct cql_conn *conn, int16_t stream)
{
	struct buf token;

	buf_init(&token, 1024);
	buf_append_char(&token, '\0');
	buf_append_str(&token, conn->settings->user);
	buf_append_char(&token, '\0');
	buf_append_str(&token, conn->settings->password);
	if (token.failed)
		conn->out.failed = token.failed;
	cql_put_auth_response(&conn->out, conn->version, stream, buf_slice(&token));
	if (token.data)
		explicit_bzero(token.data, token.len);
	buf_release(&token);
}

static void send_step(struct cql_conn *conn, int16_t stream)
{
	switch (conn->startup_step) {
	case STEP_OPTIONS:
		cql_put_options(&conn->out, conn->version, stream);
		break;
	case STEP_STARTUP:
		cql_put_startup(&conn->out, conn->version, stream);
		break;
	case STEP_AUTH:
		send_auth(conn, stream);
		break;
	default:
		cql_put_prepare(&conn->out, conn->version, stream,
				conn->statements->list[conn->preparing].text);
	}
}

void cql_startup_send(struct cql_conn *conn)
{
	int16_t stream;

	if (conn->startup_step >= STEP_WAIT)
		return;
	if (conn->startup_step == STEP_PREPARE && conn->preparing == conn->statements->count) {
		conn->state = CQL_CONN_READY;
		return;
	}
	stream = cql_conn_stream(conn, &conn->startup);
	if (stream < 0) /* all taken by writes; their answers make room */
		return;
	send_step(conn, stream);
	wait_for_answer(conn);
}

void cql_startup_begin(struct cql_conn *conn)
{
	conn->startup.done = startup_done;
	conn->startup_step = STEP_OPTIONS;
	cql_startup_send(conn);
}

void cql_startup_prepare_again(struct cql_conn *conn)
{
	if (conn->state != CQL_CONN_READY)
		return;
	conn->state = CQL_STARTING;
	on_ready(conn);
}
