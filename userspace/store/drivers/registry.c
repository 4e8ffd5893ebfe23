/* SPDX-License-Identifier: MIT */
#include "store/drivers/registry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/module.h"
#include "conf/tree.h"
#include "store/drivers/drivers.h"
#include "store/drivers/sql/sql.h"

bool registry_is_embedded(const struct dict_config *config)
{
	const char *rest;

	if (!config->uri)
		return true;
	rest = strchr(config->uri, ':') + 1;
	return *rest == '\0' || strncmp(rest, "path=", 5) == 0;
}

/* SQLite with a table of the operator's. */
static bool is_mapped(const struct dict_config *config)
{
	return config->uri ? !registry_is_embedded(config)
			   : conf_setting_find(config->block, "sql_driver") != NULL;
}

/* The first row whose driver has the name and whose takes() agrees. */
static const struct {
	const struct dict_driver *driver;
	bool (*takes)(const struct dict_config *config); /* NULL takes all */
} built_in[] = {
	{&memory_driver, NULL},
	{&debug_driver, NULL},
	{&sql_sqlite_driver, is_mapped},
	{&sqlite_driver, registry_is_embedded},
	{&file_driver, NULL},
	{&fs_driver, NULL},
	{&memcached_ascii_driver, NULL},
	{&proxy_driver, NULL},
};

/* A generated file has a line MODULE(name) for each module that is a dict driver: mk/modules.mk. */
#define MODULE(name) MODULE_DECLARE(name);
#include "modules/store.h"
#undef MODULE

static const struct {
	const char *name;
	const struct module *linked;
} modules[] = {
#define MODULE(name) {#name, &dovetap_module_##name},
#include "modules/store.h"
#undef MODULE
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int unknown_driver(struct slice name, struct error *error_r)
{
	const char *last = "";
	struct buf known;
	int ret;

	buf_init(&known, 256);
	for (size_t i = 0; i < COUNT(built_in); i++) {
		if (strcmp(built_in[i].driver->name, last) != 0)
			buf_appendf(&known, "%s ", built_in[i].driver->name);
		last = built_in[i].driver->name;
	}
	for (size_t i = 0; i < COUNT(modules); i++)
		buf_appendf(&known, "%s%s", i ? " " : "", modules[i].name);
	ret = error_set(error_r, EINVAL, "Unknown dict module: %.*s (known: %s)", (int)name.len,
			name.ptr, buf_str(&known));
	buf_release(&known);
	return ret;
}

static const struct dict_driver *find_built_in(const struct dict_config *config, struct slice name)
{
	for (size_t i = 0; i < COUNT(built_in); i++) {
		if (slice_is(name, built_in[i].driver->name) &&
		    (!built_in[i].takes || built_in[i].takes(config)))
			return built_in[i].driver;
	}
	return NULL;
}

static int load(size_t index, const struct dict_driver **driver_r, struct error *error_r)
{
	static const struct module *loaded[COUNT(modules)];
	char for_what[64];
	int ret = 0;

	(void)snprintf(for_what, sizeof(for_what), "dict %s", modules[index].name);
	if (!loaded[index])
		ret = module_load(modules[index].name, modules[index].linked, for_what,
				  &loaded[index], error_r);
	if (ret == 0)
		*driver_r = loaded[index]->interface;
	return ret;
}

int registry_find(const struct dict_config *config, struct slice name,
		  const struct dict_driver **driver_r, struct error *error_r)
{
	*driver_r = find_built_in(config, name);
	if (*driver_r)
		return 0;
	for (size_t i = 0; i < COUNT(modules); i++) {
		if (slice_is(name, modules[i].name))
			return load(i, driver_r, error_r);
	}
	return unknown_driver(name, error_r);
}
