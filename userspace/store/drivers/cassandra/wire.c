/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/wire.h"

#include <endian.h>
#include <errno.h>

void cql_reader_init(struct cql_reader *reader, struct slice bytes)
{
	*reader = (struct cql_reader){(const uint8_t *)bytes.ptr, bytes.len, false};
}

struct slice cql_read_raw(struct cql_reader *reader, size_t len)
{
	struct slice raw;

	if (len > reader->left) {
		reader->failed = true;
		reader->left = 0;
		return (struct slice){NULL, 0};
	}
	/* UNSAFE: len was checked against what is left. */
	raw = (struct slice){(const char *)reader->next, len};
	reader->next += len;
	reader->left -= len;
	return raw;
}

static void read_number(struct cql_reader *reader, void *out, size_t len)
{
	struct slice raw = cql_read_raw(reader, len);

	if (raw.len == len)
		memcpy(out, raw.ptr, len);
}

uint8_t cql_read_byte(struct cql_reader *reader)
{
	uint8_t value = 0;

	read_number(reader, &value, sizeof(value));
	return value;
}

uint16_t cql_read_short(struct cql_reader *reader)
{
	uint16_t value = 0;

	read_number(reader, &value, sizeof(value));
	return be16toh(value);
}

int32_t cql_read_int(struct cql_reader *reader)
{
	uint32_t value = 0;

	read_number(reader, &value, sizeof(value));
	return (int32_t)be32toh(value);
}

int64_t cql_read_long(struct cql_reader *reader)
{
	uint64_t value = 0;

	read_number(reader, &value, sizeof(value));
	return (int64_t)be64toh(value);
}

struct slice cql_read_string(struct cql_reader *reader)
{
	return cql_read_raw(reader, cql_read_short(reader));
}

struct cql_bytes cql_read_bytes(struct cql_reader *reader)
{
	int32_t len = cql_read_int(reader);

	if (len < 0)
		return (struct cql_bytes){.null = true};
	return (struct cql_bytes){.data = cql_read_raw(reader, (size_t)len)};
}

void cql_skip_string_list(struct cql_reader *reader)
{
	uint16_t count = cql_read_short(reader);

	while (count-- > 0 && !reader->failed)
		cql_read_string(reader);
}

void cql_put_byte(struct buf *out, uint8_t value)
{
	buf_append(out, &value, sizeof(value));
}

void cql_put_short(struct buf *out, uint16_t value)
{
	value = htobe16(value);
	buf_append(out, &value, sizeof(value));
}

void cql_put_int(struct buf *out, int32_t value)
{
	uint32_t raw = htobe32((uint32_t)value);

	buf_append(out, &raw, sizeof(raw));
}

void cql_put_long(struct buf *out, int64_t value)
{
	uint64_t raw = htobe64((uint64_t)value);

	buf_append(out, &raw, sizeof(raw));
}

void cql_put_string(struct buf *out, struct slice text)
{
	if (text.len > UINT16_MAX) {
		out->failed = -E2BIG;
		return;
	}
	cql_put_short(out, (uint16_t)text.len);
	buf_append_slice(out, text);
}

void cql_put_bytes(struct buf *out, struct slice data)
{
	if (data.len > INT32_MAX) {
		out->failed = -E2BIG;
		return;
	}
	cql_put_int(out, (int32_t)data.len);
	buf_append_slice(out, data);
}

void cql_put_null(struct buf *out)
{
	cql_put_int(out, -1);
}
