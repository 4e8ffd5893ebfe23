/* SPDX-License-Identifier: MIT */
#include "base/pack.h"

#include <errno.h>

#define NO_TEXT UINT32_MAX

void pack_u32(struct buf *out, uint32_t value)
{
	(void)buf_append(out, &value, sizeof(value));
}

void pack_u64(struct buf *out, uint64_t value)
{
	(void)buf_append(out, &value, sizeof(value));
}

void pack_bytes(struct buf *out, struct slice bytes)
{
	if (bytes.len >= NO_TEXT) {
		out->failed = -E2BIG;
		return;
	}
	pack_u32(out, (uint32_t)bytes.len);
	(void)buf_append_slice(out, bytes);
}

void pack_text(struct buf *out, const char *text)
{
	if (!text) {
		pack_u32(out, NO_TEXT);
		return;
	}
	pack_bytes(out, slice_str(text));
	(void)buf_append_char(out, '\0');
}

/* The next bytes, or NULL when there are not so many. */
static const char *take(struct unpack *in, size_t len)
{
	const char *at = in->left.ptr;

	if (in->failed || len > in->left.len) {
		in->failed = true;
		return NULL;
	}
	in->left.ptr += len;
	in->left.len -= len;
	return at;
}

uint32_t unpack_u32(struct unpack *in)
{
	uint32_t value = 0;
	const char *at = take(in, sizeof(value));

	if (at)
		memcpy(&value, at, sizeof(value));
	return value;
}

uint64_t unpack_u64(struct unpack *in)
{
	uint64_t value = 0;
	const char *at = take(in, sizeof(value));

	if (at)
		memcpy(&value, at, sizeof(value));
	return value;
}

struct slice unpack_bytes(struct unpack *in)
{
	size_t len = unpack_u32(in);
	const char *at = take(in, len);

	return (struct slice){at, at ? len : 0};
}

const char *unpack_text(struct unpack *in)
{
	size_t len = unpack_u32(in);
	const char *at;

	if (in->failed || len == NO_TEXT)
		return NULL;
	at = take(in, len + 1);
	if (at && strnlen(at, len + 1) != len) {
		in->failed = true;
		return NULL;
	}
	return at;
}

bool unpack_is_whole(const struct unpack *in)
{
	return !in->failed && in->left.len == 0;
}
