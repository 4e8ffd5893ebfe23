/* SPDX-License-Identifier: MIT */
/* Passwords in files that everybody may read, for "dovetap check". */
#ifndef DOVETAP_CHECK_SECRETS_H
#define DOVETAP_CHECK_SECRETS_H

#include "cli/findings.h"
#include "conf/tree.h"

/* root is a configuration with all that it includes; NULL: there is none. Adds a warning for each
 * file with a secret that others may read, at its first secret. */
void check_secrets(const struct conf_section *root, struct findings *findings);

#endif
