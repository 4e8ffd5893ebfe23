/* SPDX-License-Identifier: MIT */
/*
 * A piece of an expanded key that came from one variable. SQL maps and the embedded dict bind
 * columns to these pieces, so that a "/" inside a user name cannot shift columns.
 */
#ifndef DOVETAP_KEY_PART_H
#define DOVETAP_KEY_PART_H

#include <stdint.h>

struct key_part {
	const char *variable; /* canonical name ("user", "service", "remote_ip"...), static; or ""
			       * when modifiers, filters or functions changed the text */
	uint32_t offset, len; /* within the key */
};

#endif
