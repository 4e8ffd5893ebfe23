/* SPDX-License-Identifier: MIT */
/* How full a ring is, for those who never read a record. */
#ifndef DOVETAP_ATTACH_RING_USED_H
#define DOVETAP_ATTACH_RING_USED_H

#include <stdint.h>

/* Bytes between consumer and producer, or a negative errno. */
int64_t ring_used(int ring_fd);

#endif
