/* SPDX-License-Identifier: MIT */
/* The parts of documents that come from tables. Each function prints one to standard output. */
#ifndef DOVETAP_TOOLS_DOCS_DOCS_H
#define DOVETAP_TOOLS_DOCS_DOCS_H

#include "conf/settings.h"

void docs_metrics(void);
void docs_settings_markdown(void); /* tables */
void docs_settings_man(void);	   /* .It of a list, mdoc */
void docs_settings_conf(void);	   /* dovetap { }, all of it commented out */

/* The default in words: default_text, or what the file would have; NULL: empty. */
const char *docs_default(const struct conf_field *field);

/* What may stand there, "`a`, `b` or `c`" or "a size"; valid until the next call. */
const char *docs_range(const struct conf_field *field);

#endif
