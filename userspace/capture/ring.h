/* SPDX-License-Identifier: MIT */
/*
 * The live ring buffer as an event source whose consumer position is held back.
 *
 * libbpf's reader gives a record's room back as soon as its callback returns. Here the room is
 * given back by release() alone, so the kernel's ring is the write-ahead log of the collector:
 * what was not released is read again after a crash.
 *
 * Holding back has a price: the kernel wakes the reader only when the consumer had caught up with
 * the producer, so whoever has records outstanding must look again on a timer.
 */
#ifndef DOVETAP_RING_H
#define DOVETAP_RING_H

#include "capture/event_source.h"

/*
 * Opens a BPF_MAP_TYPE_RINGBUF. map_fd is borrowed and must stay open. There must be one reader
 * only. read is how far earlier readers have come: records in front of it are read once more.
 * Errors: -EINVAL for another kind of map, errno of mmap(2) and epoll(7).
 */
int ring_open(int map_fd, struct source_mark read, struct event_source **source_r,
	      struct error *error_r);

#endif
