/* SPDX-License-Identifier: MIT */
/*
 * A CQL server of a few dozen lines in a thread of its own: answers like a node with one table, as
 * far as a test does not twist it.
 */
#ifndef DOVETAP_FAKE_CQL_H
#define DOVETAP_FAKE_CQL_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "store/drivers/cassandra/error_code.h"
#include "store/drivers/cassandra/murmur3.h"
#include "store/drivers/cassandra/types.h"
#include "store/drivers/cassandra/wire.h"

struct fake_frame {
	uint8_t version;
	int16_t stream;
	uint8_t opcode;
	struct slice body;
	unsigned int nth; /* of this opcode, from 1, over all connections */
};

enum fake_action { FAKE_DEFAULT, FAKE_DONE, FAKE_CLOSE };

struct fake_cql {
	/* Set before fake_start(). */
	enum fake_action (*twist)(struct fake_cql *fake, const struct fake_frame *frame,
				  struct buf *out);
	const char *address;	/* 127.0.0.1 */
	uint16_t port;		/* 0: any */
	uint16_t value_type;	/* of last_access; timestamp */
	const char *token, *dc; /* of this node */
	const char *peer;	/* another node's address, or NULL */
	const char *peer_token, *peer_dc;
	int knob; /* for the twist */

	/* For the test to read after fake_stop(), or any time where atomic. */
	atomic_uint connections;
	atomic_uint count[256];	 /* frames by opcode */
	uint16_t consistency[8]; /* of the first EXECUTEs */
	int64_t timestamp;	 /* of the last */
	int64_t value;		 /* of its first column */
	char statement[256];	 /* of the last PREPARE */
	unsigned int foreign;	 /* EXECUTEs of users that the token gives to the peer */
	char auth[64];
	size_t auth_len;

	int listen_fd, stop_pipe[2];
	pthread_t thread;
};

static inline void fake_put(struct buf *out, uint8_t version, uint8_t opcode, int16_t stream,
			    struct slice body)
{
	cql_put_byte(out, version | 0x80);
	cql_put_byte(out, 0);
	cql_put_short(out, (uint16_t)stream);
	cql_put_byte(out, opcode);
	cql_put_bytes(out, body);
}

static inline void fake_error(struct buf *out, const struct fake_frame *frame, int32_t code,
			      const char *message, struct slice rest)
{
	struct buf body;

	buf_init(&body, 1024);
	cql_put_int(&body, code);
	cql_put_string(&body, slice_str(message));
	buf_append_slice(&body, rest);
	fake_put(out, frame->version, CQL_ERROR, frame->stream, buf_slice(&body));
	buf_release(&body);
}

static inline void fake_column(struct buf *body, const char *name, uint16_t type)
{
	cql_put_string(body, slice_str(name));
	cql_put_short(body, type);
	if (type == CQL_TYPE_SET)
		cql_put_short(body, CQL_TYPE_VARCHAR);
}

static inline void fake_tokens(struct buf *body, const char *token)
{
	struct buf set;

	buf_init(&set, 64);
	cql_put_int(&set, 1);
	cql_put_bytes(&set, slice_str(token));
	cql_put_bytes(body, buf_slice(&set));
	buf_release(&set);
}

static inline void fake_prepared(struct fake_cql *fake, const struct fake_frame *frame,
				 struct buf *out)
{
	struct buf body;

	buf_init(&body, 1024);
	cql_put_int(&body, CQL_RESULT_PREPARED);
	cql_put_string(&body, slice_str("0123456789abcdef"));
	cql_put_int(&body, 1);
	cql_put_int(&body, 4);
	if (frame->version >= 4) {
		cql_put_int(&body, 1);
		cql_put_short(&body, 2);
	}
	cql_put_string(&body, slice_str("mails"));
	cql_put_string(&body, slice_str("last_login"));
	fake_column(&body, "last_access", fake->value_type);
	fake_column(&body, "service", CQL_TYPE_VARCHAR);
	fake_column(&body, "userid", CQL_TYPE_VARCHAR);
	fake_column(&body, "last_ip", CQL_TYPE_VARCHAR);
	cql_put_int(&body, 4);
	cql_put_int(&body, 0);
	fake_put(out, frame->version, CQL_RESULT, frame->stream, buf_slice(&body));
	buf_release(&body);
}

/* system.local has one row, system.peers one or none; their columns are the same here. */
static inline void fake_rows(struct fake_cql *fake, const struct fake_frame *frame, bool local,
			     struct buf *out)
{
	struct in_addr peer = {0};
	struct buf body;

	buf_init(&body, 4096);
	cql_put_int(&body, CQL_RESULT_ROWS);
	cql_put_int(&body, 1);
	cql_put_int(&body, 4);
	cql_put_string(&body, slice_str("system"));
	cql_put_string(&body, slice_str("x"));
	fake_column(&body, "partitioner", CQL_TYPE_VARCHAR);
	fake_column(&body, "data_center", CQL_TYPE_VARCHAR);
	fake_column(&body, "rpc_address", CQL_TYPE_INET);
	fake_column(&body, "tokens", CQL_TYPE_SET);
	cql_put_int(&body, local || fake->peer ? 1 : 0);
	if (local || fake->peer) {
		inet_pton(AF_INET, local ? fake->address : fake->peer, &peer);
		cql_put_bytes(&body, slice_str("org.apache.cassandra.dht.Murmur3Partitioner"));
		cql_put_bytes(&body, slice_str(local ? fake->dc : fake->peer_dc));
		cql_put_bytes(&body, (struct slice){(char *)&peer, sizeof(peer)});
		fake_tokens(&body, local ? fake->token : fake->peer_token);
	}
	fake_put(out, frame->version, CQL_RESULT, frame->stream, buf_slice(&body));
	buf_release(&body);
}

static inline void fake_query(struct fake_cql *fake, const struct fake_frame *frame,
			      struct buf *out)
{
	if (memmem(frame->body.ptr, frame->body.len, "peers_v2", 8))
		fake_error(out, frame, CQL_E_INVALID, "no such table", (struct slice){0});
	else
		fake_rows(fake, frame,
			  memmem(frame->body.ptr, frame->body.len, "system.local", 12) != NULL,
			  out);
}

static inline void fake_void(const struct fake_frame *frame, struct buf *out)
{
	fake_put(out, frame->version, CQL_RESULT, frame->stream, (struct slice){"\0\0\0\1", 4});
}

static inline int64_t fake_number(struct slice bytes)
{
	struct cql_reader reader;

	cql_reader_init(&reader, bytes);
	return cql_read_long(&reader);
}

static inline void fake_note_prepare(struct fake_cql *fake, const struct fake_frame *frame)
{
	snprintf(fake->statement, sizeof(fake->statement), "%.*s", (int)frame->body.len - 4,
		 frame->body.ptr + 4);
}

/* Keeps of an EXECUTE what tests ask about. */
static inline void fake_note_execute(struct fake_cql *fake, const struct fake_frame *frame)
{
	struct cql_reader reader;
	uint16_t consistency, count, i;
	struct slice user = {0};
	uint8_t flags;

	cql_reader_init(&reader, frame->body);
	cql_read_string(&reader);
	consistency = cql_read_short(&reader);
	if (frame->nth <= 8)
		fake->consistency[frame->nth - 1] = consistency;
	flags = cql_read_byte(&reader);
	count = cql_read_short(&reader);
	for (i = 0; i < count; i++) {
		struct cql_bytes value = cql_read_bytes(&reader);

		if (i == 2)
			user = value.data;
		if (i == 0)
			fake->value = fake_number(value.data);
	}
	if (flags & 0x20) /* a lookup has none */
		fake->timestamp = cql_read_long(&reader);
	assert_false(reader.failed);
	if (fake->peer && (cql_murmur3(user) <= 0) != (fake->token[0] == '0'))
		fake->foreign++;
}

static inline void fake_answer(struct fake_cql *fake, const struct fake_frame *frame,
			       struct buf *out)
{
	switch (frame->opcode) {
	case CQL_OPTIONS:
		fake_put(out, frame->version, CQL_SUPPORTED, frame->stream,
			 (struct slice){"\0\0", 2});
		break;
	case CQL_STARTUP:
	case CQL_REGISTER:
		fake_put(out, frame->version, CQL_READY, frame->stream, (struct slice){0});
		break;
	case CQL_AUTH_RESPONSE:
		fake_put(out, frame->version, CQL_AUTH_SUCCESS, frame->stream,
			 (struct slice){"\xff\xff\xff\xff", 4});
		break;
	case CQL_PREPARE:
		fake_prepared(fake, frame, out);
		break;
	case CQL_QUERY:
		fake_query(fake, frame, out);
		break;
	default:
		fake_void(frame, out);
	}
}

static inline bool fake_frame_done(struct fake_cql *fake, struct fake_frame *frame, struct buf *out)
{
	enum fake_action action = FAKE_DEFAULT;

	frame->nth = ++fake->count[frame->opcode];
	if (frame->opcode == CQL_AUTH_RESPONSE && frame->body.len <= sizeof(fake->auth)) {
		memcpy(fake->auth, frame->body.ptr, frame->body.len);
		fake->auth_len = frame->body.len;
	}
	if (frame->opcode == CQL_EXECUTE)
		fake_note_execute(fake, frame);
	if (frame->opcode == CQL_PREPARE)
		fake_note_prepare(fake, frame);
	if (fake->twist)
		action = fake->twist(fake, frame, out);
	if (action == FAKE_DEFAULT)
		fake_answer(fake, frame, out);
	return action != FAKE_CLOSE;
}

/* Takes whole frames off the front; false: hang up. */
static inline bool fake_frames(struct fake_cql *fake, struct buf *in, struct buf *out)
{
	struct fake_frame frame;
	struct cql_reader reader;
	uint32_t len;
	bool go_on = true;

	while (go_on && in->len >= CQL_HEADER_SIZE) {
		cql_reader_init(&reader, buf_slice(in));
		frame.version = cql_read_byte(&reader);
		cql_read_byte(&reader);
		frame.stream = (int16_t)cql_read_short(&reader);
		frame.opcode = cql_read_byte(&reader);
		len = (uint32_t)cql_read_int(&reader);
		if (in->len - CQL_HEADER_SIZE < len)
			break;
		frame.body = (struct slice){in->data + CQL_HEADER_SIZE, len};
		go_on = fake_frame_done(fake, &frame, out);
		memmove(in->data, in->data + CQL_HEADER_SIZE + len,
			in->len - CQL_HEADER_SIZE - len);
		in->len -= CQL_HEADER_SIZE + len;
	}
	return go_on;
}

static inline bool fake_readable(const struct fake_cql *fake, int fd)
{
	struct pollfd pollfds[] = {{.fd = fd, .events = POLLIN},
				   {.fd = fake->stop_pipe[0], .events = POLLIN}};

	poll(pollfds, 2, -1);
	return pollfds[1].revents == 0;
}

static inline void fake_serve(struct fake_cql *fake, int fd)
{
	struct buf in, out;
	char bytes[4096];
	bool go_on = true;
	ssize_t got;

	buf_init(&in, 1U << 20);
	buf_init(&out, 64U << 20);
	while (go_on && fake_readable(fake, fd)) {
		got = recv(fd, bytes, sizeof(bytes), 0);
		if (got <= 0)
			break;
		buf_append(&in, bytes, (size_t)got);
		go_on = fake_frames(fake, &in, &out);
		if (out.len > 0 && send(fd, out.data, out.len, MSG_NOSIGNAL) < 0)
			break;
		buf_reset(&out);
	}
	close(fd);
	buf_release(&in);
	buf_release(&out);
}

static inline void *fake_run(void *context)
{
	struct fake_cql *fake = context;
	int fd;

	while (fake_readable(fake, fake->listen_fd)) {
		fd = accept(fake->listen_fd, NULL, NULL);
		if (fd < 0)
			break;
		fake->connections++;
		fake_serve(fake, fd);
	}
	return NULL;
}

static inline void fake_start(struct fake_cql *fake)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(fake->port)};
	socklen_t len = sizeof(addr);
	int on = 1;

	fake->address = fake->address ? fake->address : "127.0.0.1";
	fake->value_type = fake->value_type ? fake->value_type : CQL_TYPE_TIMESTAMP;
	fake->token = fake->token ? fake->token : "0";
	fake->dc = fake->dc ? fake->dc : "dc1";
	inet_pton(AF_INET, fake->address, &addr.sin_addr);
	fake->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fake->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fake->listen_fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fake->listen_fd, 16), 0);
	getsockname(fake->listen_fd, (struct sockaddr *)&addr, &len);
	fake->port = ntohs(addr.sin_port);
	assert_int_equal(pipe(fake->stop_pipe), 0);
	assert_int_equal(pthread_create(&fake->thread, NULL, fake_run, fake), 0);
}

static inline void fake_stop(struct fake_cql *fake)
{
	assert_int_equal(write(fake->stop_pipe[1], "x", 1), 1);
	pthread_join(fake->thread, NULL);
	close(fake->listen_fd);
	close(fake->stop_pipe[0]);
	close(fake->stop_pipe[1]);
}

#endif
