/* SPDX-License-Identifier: MIT */
/*
 * Builds one of Dovecot's structs in memory as a given release lays it out, from the reviewed
 * table. What the table does not name is filled with a pattern, so that a read from a wrong place
 * shows.
 */
#ifndef DOVETAP_TARGET_IMAGE_H
#define DOVETAP_TARGET_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "dovecot/layout_table.h"

struct image {
	const struct layout_table *table;
	const char *abi;
	const struct layout_struct *layout;
	unsigned char *bytes; /* the struct: what the probed function gets */
};

/* Aborts when the table has no such layout or memory is out. */
void image_init(struct image *image, const struct layout_table *table, const char *abi,
		const char *name, unsigned char pattern);
void image_release(struct image *image);

/* True when this release has the member. The setters then set it, else they do nothing. A number
 * fits any integer or bit. An address may be NULL or point to what the image does not own. */
bool image_has(const struct image *image, const char *member);
bool image_set_pointer(const struct image *image, const char *member, const void *address);
/* Where a build with one more member has it: one pointer behind. */
bool image_set_pointer_behind(const struct image *image, const char *member, const void *address);
bool image_set_number(const struct image *image, const char *member, uint64_t number);
/* An embedded address, or with member NULL the image itself. family 0 = no address; bytes has 4 or
 * 16 bytes in network order. */
bool image_set_ip(const struct image *image, const char *member, uint16_t family,
		  const uint8_t *bytes);

/* Inverts all bits of a member that is no group. Twice leaves all as it was. */
void image_invert(const struct image *image, const struct layout_member *member);

#endif
