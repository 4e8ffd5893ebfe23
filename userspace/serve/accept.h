/* SPDX-License-Identifier: MIT */
/* What form of the metrics a client asks for: the header "Accept" of RFC 9110, section 12.5.1. */
#ifndef DOVETAP_SERVE_ACCEPT_H
#define DOVETAP_SERVE_ACCEPT_H

#include <stdbool.h>

/*
 * True for a client that names application/openmetrics-text of a version that we print (1.0.0,
 * 0.0.1, or none) and does not like text/plain better. NULL, and what makes no sense, is false.
 */
bool accept_openmetrics(const char *accept);

#endif
