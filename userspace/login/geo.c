/* SPDX-License-Identifier: MIT */
/* A module, geoip.c, reads the databases: libmaxminddb is mapped where there are some. */
#include "login/geo.h"

#include "base/module.h"
#include "login/geo_reader.h"

MODULE_DECLARE(geoip);

static const struct geo_reader *reader; /* once it is loaded */

int geo_load(const char *country, const char *asn, struct error *error_r)
{
	const struct module *module;
	int ret;

	if (reader || (country[0] == '\0' && asn[0] == '\0'))
		return 0;
	ret = module_load("geoip", &dovetap_module_geoip,
			  country[0] ? "geoip_country" : "geoip_asn", &module, error_r);
	if (ret == 0)
		reader = module->interface;
	return ret;
}

int geo_new(const char *country, const char *asn, struct geo **geo_r, struct error *error_r)
{
	int ret = geo_load(country, asn, error_r);

	*geo_r = NULL;
	if (ret < 0 || (country[0] == '\0' && asn[0] == '\0'))
		return ret;
	return reader->open(country, asn, geo_r, error_r);
}

void geo_free(struct geo **geo)
{
	if (*geo)
		reader->close(geo);
}

const struct geo_place *geo_find(struct geo *geo, const struct login_ip *ip)
{
	return reader->find(geo, ip);
}
