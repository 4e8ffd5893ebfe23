/* SPDX-License-Identifier: MIT */
/*
 * The operator's own layouts as files: tables in the form of layouts/dovecot.layouts, as "dovetap
 * layout make" prints them.
 */
#ifndef DOVETAP_DOVECOT_LAYOUT_FILES_H
#define DOVETAP_DOVECOT_LAYOUT_FILES_H

#include "base/error.h"

/*
 * Reads all files *.layouts of dir in the order of their names and adds what they have
 * (layout_own.h); a dir that is not there has none. To be called once. Returns how many ABI strings
 * were added, or a negative errno with file and line.
 */
int layout_files_load(const char *dir, struct error *error_r);

#endif
