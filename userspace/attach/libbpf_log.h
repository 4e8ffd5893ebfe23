/* SPDX-License-Identifier: MIT */
/* Keeps what libbpf would print, so that it can stand in an error text. Not thread-safe. */
#ifndef DOVETAP_ATTACH_LIBBPF_LOG_H
#define DOVETAP_ATTACH_LIBBPF_LOG_H

void libbpf_log_init(void);  /* takes over libbpf's output; any number of times */
void libbpf_log_clear(void); /* before a call whose words are of interest */

/* The last warning since then, in one line; without one, the text of errno code. */
const char *libbpf_log_last(int code);

#endif
