/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/map_source.h"

#include "conf/parse.h"

int sql_map_source_open(const struct dict_config *config, const char *path,
			const struct conf_section **root_r, struct conf_section **owned_r,
			struct error *error_r)
{
	int ret;

	*owned_r = NULL;
	*root_r = config->map;
	if (config->map)
		return 0;
	ret = conf_parse_file(path, CONF_PARSE_MAP, owned_r, error_r);
	*root_r = *owned_r;
	return ret;
}
