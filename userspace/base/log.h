/* SPDX-License-Identifier: MIT */
/*
 * One line per call, to stderr, syslog or the journal. Only the top layers call it (main, cli,
 * priv, pipeline, serve, attacher, writer); everything below returns a struct error instead.
 * Control bytes in the text are escaped, so a user name cannot forge a line or drive a terminal.
 */
#ifndef DOVETAP_LOG_H
#define DOVETAP_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* LOG_SINK_JOURNAL writes stderr lines with the "<N>" priority prefix of sd-daemon(3). */
enum log_sink { LOG_SINK_STDERR, LOG_SINK_SYSLOG, LOG_SINK_JOURNAL };

/* ident names the process in every line ("dovetap", "dovetap-attacher"); it must stay valid. */
void log_init(enum log_sink sink, enum log_level level, const char *ident);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
