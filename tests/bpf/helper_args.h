/* SPDX-License-Identifier: MIT */
/* What test_helpers.c passes to the programs of helpers.bpf.c and gets back. */
#ifndef DOVETAP_TEST_HELPERS_H
#define DOVETAP_TEST_HELPERS_H

struct text_arguments {
	__u64 address; /* of the text in the test's memory */
};

struct number_arguments {
	__u64 value;
	__u64 words[4]; /* out: the first 1, 2, 4 and 8 bytes of value */
	__u32 flag;
	__u32 flags; /* out: flag if value is not 0 */
};

#endif
