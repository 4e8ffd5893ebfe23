/* SPDX-License-Identifier: MIT */
/* A login event as a row of a history (store/history.h). */
#ifndef DOVETAP_PIPELINE_PAST_H
#define DOVETAP_PIPELINE_PAST_H

#include "login/event.h"
#include "login/template/template.h"
#include "store/history.h"

/*
 * Appends "/ID" to the key, whose text so far names the user, and the row to value. ID is the same
 * however often the record is taken from the ring again, and another one for each event. Returns 0
 * or the error of a buffer.
 */
int past_append(const struct login_event *event, const struct template_host *host, struct buf *key,
		struct buf *value);

#endif
