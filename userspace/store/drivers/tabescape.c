/* SPDX-License-Identifier: MIT */
#include "store/drivers/tabescape.h"

/* The first byte of each is the partner of the first byte of the other, and so on. */
static const char plain[] = "\0\1\t\r\n";
static const char letters[] = "01trn";

#define PAIRS (sizeof(letters) - 1)

int tabescape(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char *found = memchr(plain, (unsigned char)text.ptr[i], PAIRS);

		if (found)
			buf_append_char(out, '\1');
		buf_append(out, found ? &letters[found - plain] : &text.ptr[i], 1);
	}
	return out->failed;
}

/* UNSAFE: out never overtakes in. */
size_t tabunescape(char *text, size_t len)
{
	size_t out = 0;

	for (size_t in = 0; in < len; in++) {
		const char *found = NULL, *byte;

		if (text[in] == '\1') {
			if (++in == len)
				break;
			found = memchr(letters, (unsigned char)text[in], PAIRS);
		}
		byte = found ? &plain[found - letters] : &text[in];
		text[out++] = *byte;
	}
	return out;
}
