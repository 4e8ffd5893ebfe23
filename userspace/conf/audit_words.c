/* SPDX-License-Identifier: MIT */
#include "conf/audit_words.h"

#include <stddef.h>

const char *const audit_event_words[] = {"login", "auth", "failure", "proxy", NULL};

#define AUDIT_X(id, word) word,
const char *const audit_field_words[] = {AUDIT_FIELDS(AUDIT_X) NULL};
#undef AUDIT_X
