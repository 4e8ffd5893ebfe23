/* SPDX-License-Identifier: MIT */
#include "store/drivers/tabescape.h"

static const char plain[] = {'\0', '\1', '\t', '\r', '\n'};
static const char letters[] = {'0', '1', 't', 'r', 'n'};

int tabescape(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char *found = memchr(plain, text.ptr[i], sizeof(plain));

		if (found)
			buf_append_char(out, '\1');
		buf_append_char(out, found ? letters[found - plain] : text.ptr[i]);
	}
	return out->failed;
}

/* UNSAFE: out never overtakes in. */
size_t tabunescape(char *text, size_t len)
{
	size_t out = 0;

	for (size_t in = 0; in < len; in++) {
		const char *found = NULL;

		if (text[in] == '\1') {
			if (++in == len)
				break;
			found = memchr(letters, text[in], sizeof(letters));
		}
		text[out++] = found ? plain[found - letters] : text[in];
	}
	return out;
}
