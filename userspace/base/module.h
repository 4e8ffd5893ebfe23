/* SPDX-License-Identifier: MIT */
/*
 * Modules: the parts of dovetap that need a client library of their own. Each is a shared object
 * that is loaded when the configuration names it, so that nobody else has its libraries mapped, or
 * even installed.
 *
 *	dovetap ── dlopen() ──> redis.so: dovetap_module_redis ── interface ──> struct dict_driver
 *
 * What a module needs of base, conf and its layer is linked into the module itself, hidden; the
 * program exports nothing. That has the fewest ways to go wrong. The linker proves that a module is
 * complete (-z defs), whichever files the program happens to contain; no library that a module
 * brings along can be bound to a function of ours that has the same name; and a module depends on
 * the layout of the structs that pass between the two, not on the program's symbols. Two copies of
 * code are harmless as long as there are no two copies of its state. The state that there is, the
 * log's and the table of drivers, is the program's alone: no driver logs or opens another, errors
 * belong to their callers, and tools/check-module fails the build of a module that has either.
 */
#ifndef DOVETAP_MODULE_H
#define DOVETAP_MODULE_H

#include <stdint.h>

#include "base/error.h"

/*
 * Of what passes between program and modules: struct module here, struct dict and what dict.h
 * declares with it, struct geo_reader, struct error, struct conf_section and what is in it. Who
 * changes a layout or a meaning adds 1. tests/unit/store/test_registry.c has the sizes.
 */
#define MODULE_ABI 6

struct module {
	uint32_t abi;	       /* MODULE_ABI when it was built; always the first member */
	uint32_t size;	       /* of this struct, when it was built */
	const char *release;   /* "0.1.0" */
	const char *name;      /* "redis" */
	const void *interface; /* what it is depends on who loads it */
};

/* The one symbol that a module exports. The same objects can be linked into a program, too. */
#define MODULE_DEFINE(id, what)                                                                    \
	extern const struct module dovetap_module_##id;                                            \
	__attribute__((visibility("default"))) const struct module dovetap_module_##id = {         \
		.abi = MODULE_ABI,                                                                 \
		.size = sizeof(struct module),                                                     \
		.release = DOVETAP_VERSION,                                                        \
		.name = #id,                                                                       \
		.interface = &(what),                                                              \
	}

/* NULL in a program that the module is not linked into: test programs link them all. */
#define MODULE_DECLARE(id) extern const struct module dovetap_module_##id __attribute__((weak))

/*
 * Loads NAME.so from the folder "modules" beside the program, which is where it is built, or else
 * from the folder that the program was built for; never from anywhere else. It stays loaded, and
 * loading it again costs nothing. linked is returned unless it is NULL. for_what begins the error:
 * "dict redis needs the module ...".
 *
 * Errors: -EINVAL for one that is not installed (with the name of its package), that belongs to
 * another dovetap, or that others than root and the program's owner may write; -EINVAL also for
 * what the dynamic linker refuses, unless memory or descriptors ran out; those of stat(2).
 */
int module_load(const char *name, const struct module *linked, const char *for_what,
		const struct module **module_r, struct error *error_r);

/*
 * The same from this folder. Folder and file may be written by root and owner, by nobody else, and
 * the file is no link. -ENOENT when the folder or the file is not there.
 */
int module_load_from(const char *folder, const char *name, uint32_t owner,
		     const struct module **module_r, struct error *error_r);

#endif
