/* SPDX-License-Identifier: MIT */
/*
 * What can be lost, by stage and reason: the one list from which dovetap_events_lost_total, its
 * part of docs/metrics.md, the LOST lines of "dovetap status" and the sum there come.
 *
 * To add a loss: a counter in the stage's struct, a row in losses.c, "make docs".
 */
#ifndef DOVETAP_STATS_LOSSES_H
#define DOVETAP_STATS_LOSSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/metrics.h"

/* The struct that has the counter. */
enum loss_from {
	LOSS_FROM_KERNEL,   /* struct kernel_numbers (metrics_private.h) */
	LOSS_FROM_PIPELINE, /* struct pipeline_stats */
	LOSS_FROM_DELIVER,  /* struct deliver_stats */
	LOSS_FROM_WRITER,   /* struct writer_stats, of one dict or added up */
	LOSS_FROM_AUDIT,    /* struct audit_stats: of the audit stream, no login is lost */
	LOSS_FROM_COUNT
};

struct loss_row {
	const char *stage; /* NULL ends the list */
	const char *reason;
	enum loss_from from;
	size_t offset;	     /* of an uint64_t */
	size_t also;	     /* of another one that is added; 0: none */
	const char *meaning; /* of docs/metrics.md; "dovetap status" prints the reason */
	const char *advice;
};

extern const struct metric losses_metric; /* dovetap_events_lost_total */

const struct loss_row *losses_rows(void);

/* The number of a row, whose struct is at base. */
uint64_t loss_count(const struct loss_row *row, const void *base);

/* All of one struct together. */
uint64_t losses_sum(enum loss_from from, const void *base);

void losses_collect(enum loss_from from, const void *base, struct metrics *metrics);

/* Is this a loss? For the results of a stage that are not all losses. */
bool is_loss(const char *stage, const char *reason);

#endif
