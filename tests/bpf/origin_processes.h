/* SPDX-License-Identifier: MIT */
/*
 * Processes that are what they are, for tests of origins: copies of the test's program under other
 * names, started by other users, in other namespaces. Each calls the probed function itself.
 *
 * As NAME hit TIMES it calls it; as NAME start UID COMMAND... it starts a child of that user and
 * waits; map, contain and join do the same in namespaces and control groups.
 */
#ifndef DOVETAP_TESTS_ORIGIN_PROCESSES_H
#define DOVETAP_TESTS_ORIGIN_PROCESSES_H

#include <stdbool.h>
#include <sys/types.h>

#include "login_object.h"

#define NOBODY	 "65534"
#define SOMEBODY "54321" /* no account has it */

/* The test's own; the directory is in /tmp, for everybody to look into. */
extern struct login_object origin_object;
extern char origin_directory[64];

void origin_directory_make(void);
void origin_directory_remove(void);

/* Copies find the library, whoever runs them. */
void origin_library_path(void);

/* True if the program was started as one of these processes; *status_r is what main() returns. */
bool origin_process_run(int argc, char **argv, int *status_r);

/* A copy of the program in the directory, valid until the eighth from here. */
const char *origin_copy(const char *name, uid_t owner);

int origin_hit(const char *times);
void origin_become(const char *user);
int origin_wait_for(pid_t pid); /* EXIT_SUCCESS if it has that status */

/* Runs a command, which ends with NULL, and takes its one record. */
const struct dovetap_event_process *origin_process_of(const char *const *argv);

#define ORIGIN(...) origin_process_of((const char *const[]){__VA_ARGS__, NULL})

/* Watches who calls the probed function, whatever process it is, with programs that setup() has
 * set up. */
void origin_watch(login_object_setup_t *setup);

#endif
