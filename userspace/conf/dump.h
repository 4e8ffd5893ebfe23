/* SPDX-License-Identifier: MIT */
/*
 * The effective configuration in words of the configuration itself, for "dovetap check --config":
 * every setting with the place that it comes from, then every combination that logins can get.
 * Passwords are masked.
 */
#ifndef DOVETAP_CONF_DUMP_H
#define DOVETAP_CONF_DUMP_H

#include "base/buf.h"
#include "conf/config.h"

/* Appends to out. Returns 0 or the buffer's error. */
int config_dump(const struct config *config, struct buf *out);

#endif
