/* SPDX-License-Identifier: MIT */
/* cmocka and the headers that it wants in front of it. */
#ifndef DOVETAP_CMOCKA_ALL_H
#define DOVETAP_CMOCKA_ALL_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
