/* SPDX-License-Identifier: MIT */
/*
 * Several rings as one source: those of before, which get no new records once their probes are
 * detached, and the one of now. The earlier ones are read first.
 */
#ifndef DOVETAP_RINGS_H
#define DOVETAP_RINGS_H

#include <stddef.h>

#include "capture/event_source.h"

/*
 * Takes over the sources (of ring_open()), also on failure; the array stays the caller's. With one
 * of them the result is that one.
 */
int rings_join(struct event_source *const *rings, size_t count, struct event_source **source_r,
	       struct error *error_r);

#endif
