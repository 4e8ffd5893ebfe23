/* SPDX-License-Identifier: MIT */
/* A module for test_module.c. mk/unit.mk makes several of it: NAME is what it calls itself, and ABI
 * or RELEASE is set where it is to be another dovetap's. */
#include "base/module.h"

static const char interface[] = "sample";

#define SYMBOL_OF(name) dovetap_module_##name
#define SYMBOL(name)	SYMBOL_OF(name)
#define TEXT_OF(name)	#name
#define TEXT(name)	TEXT_OF(name)

#ifndef ABI
#define ABI MODULE_ABI
#endif
#ifndef RELEASE
#define RELEASE DOVETAP_VERSION
#endif

extern const struct module SYMBOL(NAME);
__attribute__((visibility("default"))) const struct module SYMBOL(NAME) = {
	.abi = ABI,
	.size = sizeof(struct module),
	.release = RELEASE,
	.name = TEXT(NAME),
	.interface = interface,
};
