/* SPDX-License-Identifier: MIT */
/* Opens and loads login.bpf.c for one layout, for the tests of this folder. */
#ifndef DOVETAP_TEST_LOGIN_OBJECT_H
#define DOVETAP_TEST_LOGIN_OBJECT_H

#include "attach/layout.h"

#include <bpf/libbpf.h>

#include "skel/login.skel.h"

/* What a test changes between open and load; NULL changes nothing. */
typedef void login_object_setup_t(struct login_bpf *object);

/* Loads all five programs. Fails the test when that does not work. */
struct login_bpf *login_object_load(const struct layout *layout, login_object_setup_t *setup);

/* Sum of a counter over all CPUs; counter is enum dovetap_counter. */
unsigned long long login_object_count(const struct login_bpf *object, unsigned int counter);

#endif
