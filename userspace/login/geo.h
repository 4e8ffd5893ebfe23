/* SPDX-License-Identifier: MIT */
/*
 * Country and network of a client's address, from databases in the format of MaxMind (GeoLite2,
 * DB-IP and others), which libmaxminddb maps into memory: that is the module geoip. A newer
 * database takes the place of the old one under its name (rename(2)) and is used from the next
 * start or reload on; a file that is overwritten while it is in use would end the process.
 */
#ifndef DOVETAP_GEO_H
#define DOVETAP_GEO_H

#include "base/error.h"
#include "login/login.h"

struct geo;

/* "" what is unknown. */
struct geo_place {
	char country[3]; /* ISO 3166-1: "DE" */
	char asn[11];	 /* of the autonomous system: "64496" */
};

/* Loads the module that reads databases (base/module.h), if there are any: "" is none. geo_new()
 * does it, too, but may be called where it is too late. Errors: those of module_load(). */
int geo_load(const char *country, const char *asn, struct error *error_r);

/* A path that is "" is a database that nobody has; both "": *geo_r is NULL. Errors: those of
 * open(2); -EINVAL for a file that is no such database, or has nothing of the kind in it. */
int geo_new(const char *country, const char *asn, struct geo **geo_r, struct error *error_r);
void geo_free(struct geo **geo); /* takes NULL, sets NULL */

/* Valid until the next call. */
const struct geo_place *geo_find(struct geo *geo, const struct login_ip *ip);

#endif
