/* SPDX-License-Identifier: MIT */
/* Settings of dovetap { } whose value is no word but a place, and cannot work here. */
#ifndef DOVETAP_CLI_TRY_SETTINGS_H
#define DOVETAP_CLI_TRY_SETTINGS_H

#include "plan/plan.h"

/* Looks at directories, sockets, bpffs and the user; makes nothing. 0, or -EINVAL with
 * "file:line: setting: ..." */
int try_settings(const struct plan *plan, struct error *error_r);

#endif
