/* SPDX-License-Identifier: MIT */
#include "attach/libbpf_log.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

static char last[320];

__attribute__((format(printf, 2, 0))) static int keep(enum libbpf_print_level level,
						      const char *fmt, va_list args)
{
	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(last, sizeof(last), fmt, args);
	last[strcspn(last, "\n")] = '\0';
	return 0;
}

void libbpf_log_init(void)
{
	libbpf_set_print(keep);
}

void libbpf_log_clear(void)
{
	last[0] = '\0';
}

const char *libbpf_log_last(int code)
{
	return last[0] ? last : strerror(code);
}
