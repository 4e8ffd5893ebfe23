/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void mark_cut(char *text, size_t size, int wanted)
{
	if (wanted >= (int)size)
		memcpy(text + size - 4, "...", 4);
}

int error_set(struct error *error_r, int code, const char *fmt, ...)
{
	va_list args;
	int len;

	if (!error_r)
		return -code;
	error_r->code = code;
	va_start(args, fmt);
	len = vsnprintf(error_r->text, sizeof(error_r->text), fmt, args);
	va_end(args);
	mark_cut(error_r->text, sizeof(error_r->text), len);
	return -code;
}

int error_prefix(struct error *error_r, const char *fmt, ...)
{
	char old[sizeof(error_r->text)];
	va_list args;
	int len;

	if (!error_r)
		return -1;
	memcpy(old, error_r->text, sizeof(old));
	va_start(args, fmt);
	len = vsnprintf(error_r->text, sizeof(error_r->text), fmt, args);
	va_end(args);
	if (len < (int)sizeof(error_r->text))
		len += snprintf(error_r->text + len, sizeof(error_r->text) - (size_t)len, ": %s",
				old);
	mark_cut(error_r->text, sizeof(error_r->text), len);
	return -error_r->code;
}

void error_name_user(struct error *error)
{
	size_t len = strlen(error->text);

	if (!strstr(error->text, "Permission denied") || strstr(error->text, "(as uid "))
		return;
	mark_cut(error->text, sizeof(error->text),
		 (int)len + snprintf(error->text + len, sizeof(error->text) - len, " (as uid %u)",
				     (unsigned int)geteuid()));
}
