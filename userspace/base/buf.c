/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_SIZE 64

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){.max = max};
}

void buf_release(struct buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->max);
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

static int grow(struct buf *buf, size_t need)
{
	size_t size = buf->size ? buf->size : FIRST_SIZE;
	char *data;

	while (size < need)
		size *= 2;
	data = realloc(buf->data, size);
	if (!data)
		return buf->failed = -ENOMEM;
	buf->data = data;
	buf->size = size;
	return 0;
}

int buf_reserve(struct buf *buf, size_t more)
{
	if (buf->failed)
		return buf->failed;
	if (more > buf->max - buf->len)
		return buf->failed = -E2BIG;
	/* UNSAFE: max is far below SIZE_MAX, so len + more + 1 does not wrap. */
	if (buf->len + more + 1 > buf->size)
		return grow(buf, buf->len + more + 1);
	return 0;
}

int buf_append(struct buf *buf, const void *data, size_t len)
{
	if (buf_reserve(buf, len) < 0)
		return buf->failed;
	/* UNSAFE: buf_reserve() made room for len bytes and the NUL. */
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return 0;
}

int buf_append_slice(struct buf *buf, struct slice slice)
{
	return buf_append(buf, slice.ptr, slice.len);
}

int buf_append_str(struct buf *buf, const char *str)
{
	return buf_append(buf, str, strlen(str));
}

int buf_append_char(struct buf *buf, char c)
{
	return buf_append(buf, &c, 1);
}

int buf_appendf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		return buf->failed = -EINVAL;
	if (buf_reserve(buf, (size_t)len) < 0)
		return buf->failed;
	va_start(args, fmt);
	vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
	va_end(args);
	buf->len += (size_t)len;
	return 0;
}

const char *buf_str(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

struct slice buf_slice(const struct buf *buf)
{
	return (struct slice){buf_str(buf), buf->len};
}
