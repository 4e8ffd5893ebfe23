/* SPDX-License-Identifier: MIT */
/*
 * login.bpf.c, loaded for one layout, attached to libtarget.so and read record by record: what all
 * tests of this folder share. Everything here fails the running test when it does not work.
 */
#ifndef DOVETAP_TEST_LOGIN_OBJECT_H
#define DOVETAP_TEST_LOGIN_OBJECT_H

#include <bpf/libbpf.h>
#include <linux/types.h>

#include "dovecot/layout.h"
#include "dovecot/layout_table.h"
#include "dovetap/counters.h"
#include "dovetap/event.h"
#include "skel/login.skel.h"

#define LOGIN_OBJECT_FILE 0x0102030405060708 /* of every record; old kernels have no cookies */

struct login_object {
	struct login_bpf *skel;
	struct ring_buffer *ring;
	bool taken;  /* by the last login_object_try() */
	size_t size; /* of the record below */
	union {
		struct dovetap_event_head head;
		struct dovetap_event ordinary;
		struct dovetap_event_long longer;
	} record; /* the last one that was taken */
};

/* What a test changes between open and load. */
typedef void login_object_setup_t(struct login_bpf *skel);

void login_object_load(struct login_object *object, const struct layout *layout,
		       login_object_setup_t *setup);
void login_object_release(struct login_object *object);

/* For a setup: no program but this one is loaded. The verifier takes its time, most of all on an
 * emulated machine. */
void login_object_want_only(struct login_bpf *skel, const struct bpf_program *program);

/* Whether it can be loaded at all; says nothing when not. */
bool login_object_loads(const struct layout *layout, login_object_setup_t *setup);

/* Attaches program p to a function of libtarget.so, for this process only. */
#define login_object_attach(object, p, function)                                                   \
	((object)->skel->links.p = login_object_link((object)->skel->progs.p, function))
struct bpf_link *login_object_link(struct bpf_program *program, const char *function);

/* The same for all processes. */
#define login_object_attach_everywhere(object, p, function)                                        \
	((object)->skel->links.p = login_object_link_for(-1, (object)->skel->progs.p, function))
struct bpf_link *login_object_link_for(pid_t pid, struct bpf_program *program,
				       const char *function);

/* Takes one record off the ring. login_object_try() returns false when there is none. */
void login_object_next(struct login_object *object);
bool login_object_try(struct login_object *object);

/* Sum of a counter over all CPUs; counter is enum dovetap_counter. */
unsigned long long login_object_count(const struct login_object *object, unsigned int counter);
unsigned long long login_object_count_on(const struct login_object *object, unsigned int cpu,
					 unsigned int counter);

/* A text of the record in hand; NULL when it is absent. Checks that length and NUL agree. */
const char *login_object_text(const struct login_object *object, unsigned int field);

/* The reviewed table from which the embedded layouts were made. The caller releases it. */
void login_table_read(struct layout_table *table_r);

#endif
