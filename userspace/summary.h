/* SPDX-License-Identifier: MIT */
/*
 * The numbers of gather.h for a person: where the logins of this collector's life went, from the
 * probes to the dicts, and whether that adds up.
 */
#ifndef DOVETAP_SUMMARY_H
#define DOVETAP_SUMMARY_H

#include "base/buf.h"
#include "gather.h"

/* Returns 0 or the buffer's error. */
int summary(const struct gather_source *source, struct buf *out);

#endif
