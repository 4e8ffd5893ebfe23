/* SPDX-License-Identifier: MIT */
/* Stands in for libdovecot.so, of which discovery only wants to know who needs it. */
extern const int target_library;
const int target_library = 1;
