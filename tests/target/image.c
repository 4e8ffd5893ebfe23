/* SPDX-License-Identifier: MIT */
#include "target/image.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

void image_init(struct image *image, const struct layout_table *table, const char *abi,
		const char *name, unsigned char pattern)
{
	*image = (struct image){
		.table = table, .abi = abi, .layout = layout_table_find(table, abi, name)};
	if (!image->layout)
		abort();
	image->bytes = malloc(image->layout->size);
	if (!image->bytes)
		abort();
	memset(image->bytes, pattern, image->layout->size);
}

void image_release(struct image *image)
{
	free(image->bytes);
	*image = (struct image){0};
}

static const struct layout_member *find(const struct layout_struct *layout, const char *name)
{
	for (size_t i = 0; i < layout->member_count; i++) {
		if (strcmp(layout->members[i].name, name) == 0)
			return &layout->members[i];
	}
	return NULL;
}

bool image_has(const struct image *image, const char *member)
{
	return find(image->layout, member) != NULL;
}

bool image_set_pointer(const struct image *image, const char *member, const void *address)
{
	const struct layout_member *found = find(image->layout, member);

	if (found)
		memcpy(image->bytes + found->byte, &address, sizeof(address));
	return found != NULL;
}

bool image_set_pointer_behind(const struct image *image, const char *member, const void *address)
{
	const struct layout_member *found = find(image->layout, member);

	if (found)
		memcpy(image->bytes + found->byte + sizeof(address), &address, sizeof(address));
	return found != NULL;
}

/* Little-endian systems only, like the table. */
bool image_set_number(const struct image *image, const char *member, uint64_t number)
{
	const struct layout_member *found = find(image->layout, member);
	unsigned char *byte;

	if (!found)
		return false;
	byte = image->bytes + found->byte;
	if (found->type == LAYOUT_BIT)
		*byte = (unsigned char)((*byte & ~(1U << found->bit)) | (number & 1) << found->bit);
	else
		memcpy(byte, &number, layout_member_size(image->table, image->abi, found));
	return true;
}

bool image_set_ip(const struct image *image, const char *member, uint16_t family,
		  const uint8_t *bytes)
{
	const struct layout_struct *ip = layout_table_find(image->table, image->abi, "ip_addr");
	const struct layout_member *found = member ? find(image->layout, member) : NULL;
	unsigned char *start = image->bytes + (found ? found->byte : 0);

	if (member && !found)
		return false;
	assert(ip != NULL);
	memcpy(start + find(ip, "family")->byte, &family, sizeof(family));
	memcpy(start + find(ip, "u.ip6")->byte, bytes, family == AF_INET ? 4 : 16);
	return true;
}

void image_invert(const struct image *image, const struct layout_member *member)
{
	unsigned char *byte = image->bytes + member->byte;
	const unsigned char *end = byte + layout_member_size(image->table, image->abi, member);

	if (member->type == LAYOUT_BIT)
		*byte ^= (unsigned char)(1U << member->bit);
	else
		for (; byte < end; byte++)
			*byte = (unsigned char)~*byte;
}
