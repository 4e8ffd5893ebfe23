/* SPDX-License-Identifier: MIT */
/* What the module geoip does for geo.c. */
#ifndef DOVETAP_GEO_READER_H
#define DOVETAP_GEO_READER_H

#include "login/geo.h"

/* As the functions of geo.h; there is at least one database. */
struct geo_reader {
	int (*open)(const char *country, const char *asn, struct geo **geo_r,
		    struct error *error_r);
	const struct geo_place *(*find)(struct geo *geo, const struct login_ip *ip);
	void (*close)(struct geo **geo);
};

#endif
