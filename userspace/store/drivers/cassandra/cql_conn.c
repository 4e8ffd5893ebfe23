/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/cql_conn.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/drivers/cassandra/cql_settings.h"
#include "store/drivers/cassandra/cql_statement.h"
#include "store/drivers/cassandra/startup.h"

#define READ_SIZE   (64U << 10)
#define READS_MAX   16 /* then the other connections have their turn */
#define OUT_MAX	    (8U << 20)
#define OUT_BACKLOG (1U << 20) /* output that may wait before a request is refused */

static void forgotten_done(struct cql_request *request, struct cql_conn *conn,
			   const struct cql_response *response)
{
	(void)request, (void)conn, (void)response;
}

static struct cql_request forgotten = {.done = forgotten_done};

int cql_conn_open(const struct cql_settings *settings, struct cql_statements *statements,
		  const struct cql_address *address, struct cql_tls *tls, uint8_t version,
		  struct cql_conn **conn_r, struct error *error_r)
{
	struct cql_conn *conn = calloc(1, sizeof(*conn));
	int16_t i;
	int ret;

	if (conn)
		conn->ids = calloc(statements->count + 1, sizeof(*conn->ids));
	if (!conn || !conn->ids) {
		free(conn);
		return error_set(error_r, ENOMEM, "out of memory");
	}
	conn->settings = settings;
	conn->statements = statements;
	conn->version = version;
	buf_init(&conn->in, CQL_BODY_MAX + CQL_HEADER_SIZE + READ_SIZE);
	buf_init(&conn->out, OUT_MAX);
	for (i = 0; i < CQL_STREAMS; i++)
		conn->free_streams[conn->free_count++] = (int16_t)(CQL_STREAMS - 1 - i);
	conn->since_ns = clock_monotonic_ns();
	ret = cql_transport_open(&conn->transport, address, tls,
				 (int)(settings->heartbeat_ns / NS_PER_SEC), error_r);
	if (ret < 0) {
		cql_conn_free(&conn);
		return ret;
	}
	conn->state = CQL_CONNECTING;
	*conn_r = conn;
	return 0;
}

static void answer_all(struct cql_conn *conn)
{
	struct cql_request *request;
	int16_t i;

	for (i = 0; i < CQL_STREAMS; i++) {
		request = conn->requests[i];
		conn->requests[i] = NULL;
		if (request)
			request->done(request, conn, NULL);
	}
}

static void conn_close(struct cql_conn *conn)
{
	if (conn->state == CQL_CLOSED)
		return;
	conn->state = CQL_CLOSED;
	cql_transport_close(&conn->transport);
	answer_all(conn);
}

void cql_conn_fail(struct cql_conn *conn, int code, const char *fmt, ...)
{
	char text[sizeof(conn->error.text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	error_set(&conn->error, code, "%s", text);
	conn_close(conn);
}

void cql_conn_free(struct cql_conn **conn)
{
	if (!*conn)
		return;
	if ((*conn)->state != CQL_CLOSED)
		cql_conn_fail(*conn, ECONNRESET, "the connection is not needed any more");
	buf_release(&(*conn)->in);
	buf_release(&(*conn)->out);
	free((*conn)->ids);
	free(*conn);
	*conn = NULL;
}

int16_t cql_conn_stream(struct cql_conn *conn, struct cql_request *request)
{
	int16_t stream;

	if (conn->state == CQL_CLOSED || conn->free_count == 0 ||
	    conn->out.len - conn->out_done > OUT_BACKLOG)
		return -1;
	if (cql_conn_in_flight(conn) == 0)
		conn->since_ns = clock_monotonic_ns();
	stream = conn->free_streams[--conn->free_count];
	conn->requests[stream] = request;
	return stream;
}

void cql_conn_forget(struct cql_conn *conn, int16_t stream)
{
	if (conn->requests[stream])
		conn->requests[stream] = &forgotten;
}

void cql_conn_probe(struct cql_conn *conn)
{
	int16_t stream = cql_conn_stream(conn, &forgotten);

	if (stream >= 0)
		cql_put_options(&conn->out, conn->version, stream);
}

/* UNSAFE: moves what is not consumed yet to the front. Only when that is little compared with what
 * was consumed, so each byte is moved once on average. */
static void compact(struct buf *buf, size_t *done)
{
	size_t left = buf->len - *done;

	if (*done < left || *done == 0)
		return;
	if (left > 0)
		memmove(buf->data, buf->data + *done, left);
	buf->len = left;
	*done = 0;
}

static void answer(struct cql_conn *conn, const struct cql_response *response, int64_t now_ns)
{
	int16_t stream = response->stream;
	struct cql_request *request;

	if (stream < 0 || stream >= CQL_STREAMS || !conn->requests[stream]) {
		cql_conn_fail(conn, EPROTO, "the server answered stream %d, which was not asked",
			      stream);
		return;
	}
	request = conn->requests[stream];
	conn->requests[stream] = NULL;
	conn->free_streams[conn->free_count++] = stream;
	conn->since_ns = now_ns;
	request->done(request, conn, response);
}

static void take_frame(struct cql_conn *conn, const struct cql_header *header, struct slice body,
		       int64_t now_ns)
{
	struct cql_response response;
	struct error error;

	/* A server without our protocol version answers in a version of its own. */
	if (header->version != conn->version && header->opcode != CQL_ERROR) {
		cql_conn_fail(conn, EPROTO, "the server changed to protocol version %u",
			      header->version);
		return;
	}
	if (cql_response_read(header, body, &response, &error) < 0) {
		cql_conn_fail(conn, EPROTO, "%s", error.text);
		return;
	}
	if (response.opcode != CQL_EVENT)
		answer(conn, &response, now_ns);
	else if (response.stream == CQL_EVENT_STREAM && conn->event)
		conn->event(conn, &response.event, conn->context);
	else if (response.stream != CQL_EVENT_STREAM)
		cql_conn_fail(conn, EPROTO, "the server sent an EVENT on stream %d",
			      response.stream);
}

static void take_frames(struct cql_conn *conn, int64_t now_ns)
{
	struct cql_header header;
	struct slice bytes;
	struct error error;
	int ret;

	while (conn->state != CQL_CLOSED) {
		/* UNSAFE: in_done never passes len, and the body is taken once all of it is there.
		 */
		bytes = (struct slice){conn->in.data + conn->in_done, conn->in.len - conn->in_done};
		ret = cql_header_read(bytes, &header, &error);
		if (ret < 0)
			cql_conn_fail(conn, EPROTO, "%s", error.text);
		if (ret <= 0 || bytes.len - CQL_HEADER_SIZE < header.length)
			break;
		conn->in_done += CQL_HEADER_SIZE + header.length;
		take_frame(conn, &header,
			   (struct slice){bytes.ptr + CQL_HEADER_SIZE, header.length}, now_ns);
	}
	compact(&conn->in, &conn->in_done);
}

static void read_some(struct cql_conn *conn, int64_t now_ns)
{
	unsigned int reads;
	struct error error;
	ssize_t got = 0;

	for (reads = 0; reads < READS_MAX && conn->state != CQL_CLOSED; reads++) {
		if (buf_reserve(&conn->in, READ_SIZE) < 0) {
			cql_conn_fail(conn, ENOMEM, "out of memory");
			return;
		}
		/* UNSAFE: READ_SIZE bytes were reserved behind len. */
		got = cql_transport_read(&conn->transport, conn->in.data + conn->in.len, READ_SIZE,
					 &error);
		if (got < 0)
			break;
		conn->in.len += (size_t)got;
		take_frames(conn, now_ns);
	}
	conn->more_input = got >= 0;
	if (got < 0 && got != -EAGAIN && conn->state != CQL_CLOSED)
		cql_conn_fail(conn, error.code, "%s", error.text);
}

static void write_some(struct cql_conn *conn)
{
	struct error error;
	ssize_t put;

	if (conn->out.failed) {
		cql_conn_fail(conn, ENOMEM, "out of memory");
		return;
	}
	while (conn->out_done < conn->out.len) {
		put = cql_transport_write(&conn->transport, conn->out.data + conn->out_done,
					  conn->out.len - conn->out_done, &error);
		if (put == -EAGAIN)
			break;
		if (put < 0) {
			cql_conn_fail(conn, error.code, "%s", error.text);
			return;
		}
		conn->out_done += (size_t)put;
	}
	compact(&conn->out, &conn->out_done);
}

static bool connect_some(struct cql_conn *conn)
{
	struct error error;
	int ret = cql_transport_connect(&conn->transport, &error);

	if (ret < 0 && ret != -EAGAIN)
		cql_conn_fail(conn, error.code, "%s", error.text);
	if (ret <= 0)
		return false;
	conn->state = CQL_STARTING;
	cql_startup_begin(conn);
	return true;
}

void cql_conn_work(struct cql_conn *conn, int64_t now_ns)
{
	if (conn->state == CQL_CONNECTING && !connect_some(conn))
		return;
	if (conn->state == CQL_STARTING || conn->state == CQL_CONN_READY)
		read_some(conn, now_ns);
	if (conn->state == CQL_STARTING)
		cql_startup_send(conn);
	if (conn->state == CQL_STARTING || conn->state == CQL_CONN_READY)
		write_some(conn);
}

short cql_conn_events(const struct cql_conn *conn)
{
	short events = POLLIN;

	if (conn->state == CQL_CONNECTING)
		return conn->transport.wants;
	if (conn->out_done < conn->out.len || conn->transport.wants == POLLOUT)
		events |= POLLOUT;
	return events;
}
