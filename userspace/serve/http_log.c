/* SPDX-License-Identifier: MIT */
#include "serve/http_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define PAUSE_NS (60 * NS_PER_SEC)
#define LINE_MAX 256

void http_log_line(void *context, const char *format, va_list arguments)
{
	struct http_log *log = context;
	int64_t now_ns = clock_monotonic_ns();
	char text[LINE_MAX] = "", others[64] = "";

	if (now_ns < log->next_ns) {
		log->left_out++;
		return;
	}
	(void)vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	if (log->left_out > 0)
		(void)snprintf(others, sizeof(others), " (and %" PRIu64 " such lines before it)",
			       log->left_out);
	log_warning("%s: %s%s", log->listen, text, others);
	log->next_ns = now_ns + PAUSE_NS;
	log->left_out = 0;
}
