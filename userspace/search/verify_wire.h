/* SPDX-License-Identifier: MIT */
/* The messages between attacher and verifier (verify.h); private to the two. */
#ifndef DOVETAP_SEARCH_VERIFY_WIRE_H
#define DOVETAP_SEARCH_VERIFY_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "search/verify.h"

#define VERIFY_VERSION	  2
#define VERIFY_SYMBOL_MAX 64

struct verify_function {
	char symbol[VERIFY_SYMBOL_MAX]; /* "": there is none */
	uint64_t offset;
	uint8_t code[ELF_FUNCTION_CODE];
};

/* The file goes with it, opened with O_PATH. */
struct verify_request {
	uint32_t version;
	uint32_t rights;
	struct priv_user user;
	pid_t owner; /* whose end is the verifier's */
	uint32_t fuse;
	uint32_t master; /* a master: of what follows, only inode and device are compared */
	struct file_id id;
	char abi[ABI_MAX];
	struct verify_function functions[2]; /* of the probe, and of its companion */
};

struct verify_answer {
	int32_t code; /* an errno; 0: it is that file */
	char text[512];
};

void verify_describe(const struct verify *verify, const struct binary *binary,
		     struct verify_request *request_r);

/* Compares; fd is open for reading. Returns 0, -EBADMSG, or the errno of a failed read. */
int verify_file(int fd, const struct verify_request *request, struct error *error_r);

#endif
