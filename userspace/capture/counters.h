/* SPDX-License-Identifier: MIT */
/* The counters of the BPF programs, mapped: reading them takes no system call and no right. */
#ifndef DOVETAP_CAPTURE_COUNTERS_H
#define DOVETAP_CAPTURE_COUNTERS_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#include "dovetap/counters.h"

/* map_fd is borrowed, until counters_unmap(). Errors: those of mmap(2). */
int counters_map(int map_fd, const uint64_t **counters_r, struct error *error_r);
void counters_unmap(const uint64_t **counters); /* takes NULL, sets NULL */

uint64_t counter_value(const uint64_t *counters, enum dovetap_counter counter);
const char *counter_name(enum dovetap_counter counter);
bool counter_is_loss(enum dovetap_counter counter); /* each one is a login that was lost */

#endif
