/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/codec.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "store/drivers/cassandra/wire.h"

#define UUID_SIZE  16
#define INET6_SIZE 16
#define INET4_SIZE 4

/* --- text ------------------------------------------------------------------------------------ */

int cql_put_text(struct buf *out, uint8_t size, struct slice text, struct error *error_r)
{
	const uint8_t *bytes = (const uint8_t *)text.ptr;
	size_t at, len;

	(void)size;
	for (at = 0; at < text.len; at += len) {
		len = utf8_sequence(bytes + at, text.len - at);
		if (len == 0)
			return error_set(error_r, EINVAL, "byte %zu is not UTF-8", at + 1);
	}
	cql_put_bytes(out, text);
	return 0;
}

int cql_put_ascii(struct buf *out, uint8_t size, struct slice text, struct error *error_r)
{
	size_t at;

	(void)size;
	for (at = 0; at < text.len; at++) {
		if ((unsigned char)text.ptr[at] >= 0x80)
			return error_set(error_r, EINVAL, "byte %zu is not ASCII", at + 1);
	}
	cql_put_bytes(out, text);
	return 0;
}

int cql_put_raw(struct buf *out, uint8_t size, struct slice text, struct error *error_r)
{
	(void)size, (void)error_r;
	cql_put_bytes(out, text);
	return 0;
}

int cql_text_raw(struct buf *out, struct slice cell)
{
	return buf_append_slice(out, cell);
}

/* --- numbers --------------------------------------------------------------------------------- */

static int parse_number(struct slice text, int64_t *number_r)
{
	char digits[24], *end;

	if (text.len == 0 || text.len >= sizeof(digits) ||
	    (text.ptr[0] != '-' && !isdigit((unsigned char)text.ptr[0])))
		return -EINVAL;
	memcpy(digits, text.ptr, text.len);
	digits[text.len] = '\0';
	errno = 0;
	*number_r = strtoll(digits, &end, 10);
	return errno == 0 && end == digits + text.len ? 0 : -EINVAL;
}

int cql_put_number(struct buf *out, uint8_t size, struct slice text, struct error *error_r)
{
	unsigned int bits = size * 8U;
	int64_t number, most = (int64_t)(UINT64_MAX >> (65 - bits));

	if (parse_number(text, &number) < 0)
		return error_set(error_r, EINVAL, "not a 64-bit number");
	if (number > most || number < -most - 1)
		return error_set(error_r, EINVAL, "%" PRId64 " does not fit %u bits", number, bits);
	cql_put_int(out, size);
	while (bits > 0) {
		bits -= 8;
		cql_put_byte(out, (uint8_t)(number >> bits));
	}
	return 0;
}

int cql_text_number(struct buf *out, struct slice cell)
{
	uint64_t number;
	size_t i;

	if (cell.len == 0 || cell.len > sizeof(number))
		return cell.len == 0 ? 0 : -EPROTO;
	number = (signed char)cell.ptr[0] < 0 ? UINT64_MAX : 0;
	for (i = 0; i < cell.len; i++)
		number = number << 8 | (unsigned char)cell.ptr[i];
	return buf_appendf(out, "%" PRId64, (int64_t)number);
}

int cql_put_double(struct buf *out, uint8_t size, struct slice text, struct error *error_r)
{
	char digits[64], *end;
	double number;
	int64_t bits;

	(void)size;
	if (text.len == 0 || text.len >= sizeof(digits))
		return error_set(error_r, EINVAL, "not a number");
	memcpy(digits, text.ptr, text.len);
	digits[text.len] = '\0';
	number = strtod(digits, &end);
	if (end != digits + text.len || !isfinite(number))
		return error_set(error_r, EINVAL, "not a number");
	memcpy(&bits, &number, sizeof(bits));
	cql_put_int(out, sizeof(bits));
	cql_put_long(out, bits);
	return 0;
}

int cql_text_double(struct buf *out, struct slice cell)
{
	struct cql_reader reader;
	double number;
	int64_t bits;

	if (cell.len != sizeof(bits))
		return -EPROTO;
	cql_reader_init(&reader, cell);
	bits = cql_read_long(&reader);
	memcpy(&number, &bits, sizeof(number));
	return buf_appendf(out, "%.17g", number);
}

/* --- addresses ------------------------------------------------------------------------------- */

int cql_put_inet(struct buf *out, uint8_t size, struct slice text, struct error *error_r)
{
	char zero_ended[INET6_ADDRSTRLEN];
	unsigned char address[INET6_SIZE];

	(void)size;
	if (text.len == 0) {
		cql_put_null(out);
		return 0;
	}
	if (text.len >= sizeof(zero_ended))
		return error_set(error_r, EINVAL, "not an IP address");
	memcpy(zero_ended, text.ptr, text.len);
	zero_ended[text.len] = '\0';
	if (inet_pton(AF_INET, zero_ended, address) == 1)
		cql_put_bytes(out, (struct slice){(char *)address, INET4_SIZE});
	else if (inet_pton(AF_INET6, zero_ended, address) == 1)
		cql_put_bytes(out, (struct slice){(char *)address, INET6_SIZE});
	else
		return error_set(error_r, EINVAL, "not an IP address");
	return 0;
}

int cql_text_inet(struct buf *out, struct slice cell)
{
	char text[INET6_ADDRSTRLEN];

	if (cell.len == 0)
		return 0;
	if (cell.len != INET4_SIZE && cell.len != INET6_SIZE)
		return -EPROTO;
	inet_ntop(cell.len == INET4_SIZE ? AF_INET : AF_INET6, cell.ptr, text, sizeof(text));
	return buf_append_str(out, text);
}

/* --- hexadecimal ----------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'	    ? c - '0'
	       : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
					    : -1;
}

/* Appends the bytes of an even number of hex digits. */
static int append_hex(struct buf *out, const char *digits, size_t count)
{
	size_t i;

	for (i = 0; i + 1 < count; i += 2) {
		int high = hex_digit(digits[i]), low = hex_digit(digits[i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		cql_put_byte(out, (uint8_t)(high << 4 | low));
	}
	return 0;
}

int cql_put_hexblob(struct buf *out, uint8_t size, struct slice text, struct error *error_r)
{
	size_t start = out->len;

	(void)size;
	cql_put_int(out, (int32_t)(text.len / 2));
	if (text.len % 2 == 0 && text.len < INT32_MAX && append_hex(out, text.ptr, text.len) == 0)
		return 0;
	out->len = start;
	return error_set(error_r, EINVAL, "not an even number of hex digits");
}

/* 8-4-4-4-12 digits. */
int cql_put_uuid(struct buf *out, uint8_t size, struct slice text, struct error *error_r)
{
	static const uint8_t groups[] = {8, 4, 4, 4, 12};
	size_t start = out->len, at = 0, i;
	bool good = text.len == 36;

	(void)size;
	cql_put_int(out, UUID_SIZE);
	for (i = 0; good && i < sizeof(groups); i++) {
		good = append_hex(out, text.ptr + at, groups[i]) == 0;
		at += groups[i];
		good = good && (at == text.len || text.ptr[at++] == '-');
	}
	if (good)
		return 0;
	out->len = start;
	return error_set(error_r, EINVAL, "not a UUID");
}

int cql_text_uuid(struct buf *out, struct slice cell)
{
	size_t i;

	if (cell.len != UUID_SIZE)
		return -EPROTO;
	for (i = 0; i < UUID_SIZE; i++)
		buf_appendf(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
			    (unsigned char)cell.ptr[i]);
	return out->failed;
}

int cql_text_hex(struct buf *out, struct slice cell)
{
	size_t i;

	for (i = 0; i < cell.len; i++)
		buf_appendf(out, "%02x", (unsigned char)cell.ptr[i]);
	return out->failed;
}
