/* SPDX-License-Identifier: MIT */
/*
 * A terminal that shows one text after the other, each from the top and cut to the screen. What the
 * terminal was like before comes back with screen_close(), also after a signal.
 */
#ifndef DOVETAP_SCREEN_H
#define DOVETAP_SCREEN_H

#include <stdbool.h>

#include "base/error.h"

/* Takes over standard input and output, which must be a terminal. */
int screen_open(struct error *error_r);
void screen_close(void);

/* Bytes that would drive the terminal are not shown, whoever sent them. */
void screen_show(const char *text);

/* Waits for at most that long. True when it is to end: q, Ctrl-C, SIGTERM, or the terminal is gone.
 * Another size of the window ends the wait, too. */
bool screen_wait(int milliseconds);

#endif
