/* SPDX-License-Identifier: MIT */
/* Records that a lookup found: collected, sorted, printed as a table or as JSON. */
#ifndef DOVETAP_LOGINS_H
#define DOVETAP_LOGINS_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

/* One line of the table; texts are in the list's own memory, NUL-terminated and with a length. */
struct logins_row {
	struct slice user, service, remote_ip, value;
	int64_t time_ns; /* -1: the value is not a time */
};

struct logins {
	struct logins_row *rows;
	size_t count, size;
};

/* Copies a row; -ENOMEM. */
int logins_add(struct logins *logins, const struct logins_row *row);
void logins_release(struct logins *logins);

/* By user, newest first; of rows with the same user, service and address the newest stays. */
void logins_sort(struct logins *logins);

/* Of sorted rows the newest of each user, if it is older than that; a row without a time is older
 * than any. */
void logins_keep_older(struct logins *logins, int64_t older_than_ns);

/* now_ns is the wall clock that ages are counted from. Both return 0 or -EIO. */
int logins_print_table(const struct logins *logins, int64_t now_ns, FILE *to);
int logins_print_json(const struct logins *logins, int64_t now_ns, FILE *to);

#endif
