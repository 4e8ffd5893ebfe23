/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include "base/buf.h"
#include "base/escape.h"

#define LINE_MAX_BYTES 2048

static struct {
	enum log_sink sink;
	enum log_level level;
	const char *ident;
} logger = {LOG_SINK_STDERR, LOG_LEVEL_INFO, "dovetap"};

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", LOG_ERR},
	[LOG_LEVEL_WARNING] = {"warning", LOG_WARNING},
	[LOG_LEVEL_INFO] = {"info", LOG_INFO},
	[LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

void log_init(enum log_sink sink, enum log_level level, const char *ident)
{
	logger.sink = sink;
	logger.level = level;
	logger.ident = ident;
	if (sink == LOG_SINK_SYSLOG)
		openlog(ident, LOG_PID, LOG_MAIL);
}

static void emit(enum log_level level, const char *line)
{
	switch (logger.sink) {
	case LOG_SINK_SYSLOG:
		syslog(levels[level].priority, "%s", line);
		break;
	case LOG_SINK_JOURNAL:
		fprintf(stderr, "<%d>%s\n", levels[level].priority, line);
		break;
	case LOG_SINK_STDERR:
		fprintf(stderr, "%s: %s: %s\n", logger.ident, levels[level].name, line);
		break;
	}
}

__attribute__((format(printf, 2, 0))) static void log_line(enum log_level level, const char *fmt,
							   va_list args)
{
	char text[LINE_MAX_BYTES];
	struct buf line;

	if (level > logger.level)
		return;
	vsnprintf(text, sizeof(text), fmt, args);
	buf_init(&line, 4 * sizeof(text));
	escape_terminal(&line, slice_str(text));
	emit(level, buf_str(&line));
	buf_release(&line);
}

#define LOG_FUNCTION(name, level)                                                                  \
	void name(const char *fmt, ...)                                                            \
	{                                                                                          \
		va_list args;                                                                      \
		va_start(args, fmt);                                                               \
		log_line(level, fmt, args);                                                        \
		va_end(args);                                                                      \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
