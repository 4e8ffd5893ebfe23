/* SPDX-License-Identifier: MIT */
/* The one-letter modifiers of 2.3, such as %Lu: each changes the value or how it is cut. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "login/template/functions.h"
#include "login/template/template_hash.h"
#include "login/template/v23/v23.h"

/* ASCII only, in any locale: Dovecot changes no other byte. */
static int map_case(struct template_run *run, struct slice *value, char from, char to)
{
	int ret = run_copy(run, *value, value);
	char *text = (char *)value->ptr;

	for (size_t i = 0; ret == 0 && i < value->len; i++)
		if (text[i] >= from && text[i] <= to)
			text[i] ^= 'a' ^ 'A';
	return ret;
}

static int lower(struct template_run *run, struct v23_slicing *slicing, struct slice *value)
{
	(void)slicing;
	return map_case(run, value, 'A', 'Z');
}

static int upper(struct template_run *run, struct v23_slicing *slicing, struct slice *value)
{
	(void)slicing;
	return map_case(run, value, 'a', 'z');
}

static int escape(struct template_run *run, struct v23_slicing *slicing, struct slice *value)
{
	char *text = run_take(run, value->len * 2);
	size_t len = 0;

	(void)slicing;
	if (!text)
		return -E2BIG;
	/* UNSAFE: every byte becomes two at most. */
	for (size_t i = 0; i < value->len; i++) {
		if (value->ptr[i] == '"' || value->ptr[i] == '\'' || value->ptr[i] == '\\')
			text[len++] = '\\';
		text[len++] = value->ptr[i];
	}
	text[len] = '\0';
	*value = (struct slice){text, len};
	return 0;
}

static int put_hex(struct template_run *run, uint64_t number, int64_t digits, struct slice *value)
{
	char hex[17];
	int len = snprintf(hex, sizeof(hex), "%llx", (unsigned long long)number);
	size_t zeros = digits > len ? (size_t)(digits - len) : 0;
	char *text = run_take(run, zeros + (size_t)len);

	if (!text)
		return -E2BIG;
	memset(text, '0', zeros);
	memcpy(text + zeros, hex, (size_t)len);
	*value = (struct slice){text, zeros + (size_t)len};
	return 0;
}

static int number_to_hex(struct template_run *run, struct v23_slicing *slicing, struct slice *value)
{
	uint64_t number;

	(void)slicing;
	if (!text_to_unsigned(value->ptr, &number))
		number = 0;
	return put_hex(run, number, 0, value);
}

static int reverse(struct template_run *run, struct v23_slicing *slicing, struct slice *value)
{
	char *text = run_take(run, value->len);

	(void)slicing;
	if (!text)
		return -E2BIG;
	for (size_t i = 0; i < value->len; i++)
		text[i] = value->ptr[value->len - 1 - i];
	value->ptr = text;
	return 0;
}

static int trim(struct template_run *run, struct v23_slicing *slicing, struct slice *value)
{
	(void)slicing;
	while (value->len > 0 && isspace((unsigned char)value->ptr[value->len - 1]))
		value->len--;
	return run_copy(run, *value, value);
}

static int ldap_dn(struct template_run *run, struct v23_slicing *slicing, struct slice *value)
{
	(void)slicing;
	return run_replace(run, '.', ",dc=", value);
}

static int md5_hex(struct template_run *run, struct v23_slicing *slicing, struct slice *value)
{
	struct slice digest;
	int ret = hash_md5(run, *value, &digest);

	(void)slicing;
	return ret < 0 ? ret : hash_hex(run, digest, value);
}

/* For H and N width is a modulus and offset a minimum of digits; nothing is left for slicing. */
static int put_hash(struct template_run *run, struct v23_slicing *slicing, uint64_t hash,
		    struct slice *value)
{
	int64_t digits = slicing->offset;

	slicing->offset = slicing->width = 0;
	return put_hex(run, (uint32_t)hash, digits, value);
}

/* The string hash of ELF object files. */
static int elf_hash(struct template_run *run, struct v23_slicing *slicing, struct slice *value)
{
	uint32_t hash = 0, high;

	for (size_t i = 0; i < value->len; i++) {
		hash = (hash << 4) + (unsigned char)value->ptr[i];
		high = hash & 0xf0000000;
		hash ^= high >> 24 ^ high;
	}
	if (slicing->width != 0)
		hash %= (uint32_t)slicing->width;
	return put_hash(run, slicing, hash, value);
}

static int new_hash(struct template_run *run, struct v23_slicing *slicing, struct slice *value)
{
	struct slice digest;
	uint64_t hash = 0;
	int ret = hash_md5(run, *value, &digest);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < sizeof(hash); i++)
		hash = hash << 8 | (unsigned char)digest.ptr[i];
	if (slicing->width != 0)
		hash %= (uint64_t)slicing->width;
	return put_hash(run, slicing, hash, value);
}

static const struct {
	char letter;
	v23_modifier_fn *modify;
} modifiers[] = {
	{'L', lower},	 {'U', upper},	  {'E', escape},  {'X', number_to_hex}, {'R', reverse},
	{'H', elf_hash}, {'N', new_hash}, {'M', md5_hex}, {'D', ldap_dn},	{'T', trim},
};

v23_modifier_fn *v23_modifier_find(char letter)
{
	for (size_t i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++)
		if (modifiers[i].letter == letter)
			return modifiers[i].modify;
	return NULL;
}

static void skip_offset(int64_t offset, struct slice *value)
{
	size_t skip = 0;

	if (offset > 0)
		skip = (size_t)offset < value->len ? (size_t)offset : value->len;
	else if ((size_t)-offset < value->len && offset < 0)
		skip = value->len - (size_t)-offset;
	value->ptr += skip;
	value->len -= skip;
}

static int pad(struct template_run *run, int64_t width, struct slice *value)
{
	size_t zeros = width > (int64_t)value->len ? (size_t)width - value->len : 0;
	char *text = run_take(run, zeros + value->len);

	if (!text)
		return -E2BIG;
	memset(text, '0', zeros);
	memcpy(text + zeros, value->ptr, value->len);
	*value = (struct slice){text, zeros + value->len};
	return 0;
}

int v23_slice(struct template_run *run, const struct v23_slicing *slicing, struct slice *value)
{
	int64_t width = slicing->width;

	skip_offset(slicing->offset, value);
	if (width == 0)
		return 0;
	if (slicing->zero_padding)
		return pad(run, width, value);
	/* Dropping more bytes than there are drops none. */
	if (width < 0)
		width += (int64_t)value->len;
	if (width < 0 || (size_t)width >= value->len)
		return 0;
	value->len = (size_t)width;
	return run_copy(run, *value, value);
}
