/* SPDX-License-Identifier: MIT */
#include "dovecot/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dovecot/layout_own.h"

const struct layout *layout_find(const char *abi)
{
	const struct layout *own = layouts_own_find(abi);

	if (own)
		return own;
	for (size_t i = 0; i < layouts_embedded_count; i++) {
		if (strcmp(layouts_embedded[i].abi, abi) == 0)
			return &layouts_embedded[i];
	}
	return NULL;
}

bool layout_replaces_another(const struct layout *own)
{
	for (size_t i = 0; i < layouts_embedded_count; i++) {
		const struct layout *layout = &layouts_embedded[i];

		if (strcmp(layout->abi, own->abi) == 0)
			return layout->btf_size != own->btf_size ||
			       memcmp(layout->btf, own->btf, own->btf_size) != 0;
	}
	return false;
}

int layout_require(const char *abi, const struct layout **layout_r, struct error *error_r)
{
	const struct layout *layout = layout_find(abi);

	if (!layout)
		return error_set(error_r, ENOENT,
				 "unknown Dovecot ABI '%s': its structs may differ from all that "
				 "are known, so nothing is attached; make a layout from its "
				 "dovecot-dev headers or debug symbols with 'dovetap layout make'",
				 abi);
	*layout_r = layout;
	return 0;
}

int layout_open(const struct layout *layout, char path_r[LAYOUT_PATH_MAX], struct error *error_r)
{
	int fd = memfd_create("dovetap-layout", MFD_CLOEXEC);

	if (fd < 0)
		return error_set(error_r, errno, "memfd_create: %s", strerror(errno));
	if (write(fd, layout->btf, layout->btf_size) != (ssize_t)layout->btf_size) {
		int code = errno ? errno : ENOSPC;

		close(fd);
		return error_set(error_r, code, "layout %s: cannot write its memory file: %s",
				 layout->name, strerror(code));
	}
	snprintf(path_r, LAYOUT_PATH_MAX, "/proc/self/fd/%d", fd);
	return fd;
}
