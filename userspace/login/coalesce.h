/* SPDX-License-Identifier: MIT */
/*
 * min_interval: a key that was handed on a moment ago is not handed on again until the interval
 * is over, so that writes per second are bounded by active users / interval, whatever the login
 * rate.
 *
 * Remembers a fixed number of keys by a seeded 64-bit hash. A key that was pushed out by another
 * one is handed on once more, which costs a write and loses nothing.
 */
#ifndef DOVETAP_COALESCE_H
#define DOVETAP_COALESCE_H

#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define COALESCE_KEYS (1U << 20) /* 16 MiB, touched as far as keys are in use */

struct coalesce;

/* interval_ns > 0. */
int coalesce_new(int64_t interval_ns, struct coalesce **coalesce_r, struct error *error_r);
void coalesce_free(struct coalesce **coalesce); /* takes NULL, sets NULL */

/*
 * True when the login may be handed on: the key was not handed on within the interval before
 * time_ns. An older login than the one remembered is not.
 */
bool coalesce_pass(struct coalesce *coalesce, struct slice key, int64_t time_ns);

#endif
