/* SPDX-License-Identifier: MIT */
#include "store/drivers/fs_path.h"

#include <errno.h>

static bool only_dots(struct slice segment)
{
	for (size_t i = 0; i < segment.len; i++) {
		if (segment.ptr[i] != '.')
			return false;
	}
	return segment.len > 0;
}

static struct slice first_segment(struct slice text)
{
	const char *slash = memchr(text.ptr, '/', text.len);

	return (struct slice){text.ptr, slash ? (size_t)(slash - text.ptr) : text.len};
}

int fs_path_append(struct buf *out, const char *prefix, struct slice name)
{
	if (name.len > 0 && memchr(name.ptr, '\0', name.len))
		return -EINVAL;
	while (name.len > 0 && name.ptr[name.len - 1] == '/')
		name.len--;
	if (name.len == 0)
		return -EINVAL;
	buf_append_str(out, prefix);
	while (name.len > 0) {
		struct slice segment = first_segment(name);

		buf_append_slice(out, segment);
		if (only_dots(segment))
			buf_append_str(out, "..");
		if (segment.len < name.len)
			buf_append_char(out, name.ptr[segment.len++]);
		name.ptr += segment.len;
		name.len -= segment.len;
	}
	return out->failed;
}
