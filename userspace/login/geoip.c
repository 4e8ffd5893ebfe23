/* SPDX-License-Identifier: MIT */
/* The module geoip: what geo.c loads to read databases, with libmaxminddb. */
#include <ctype.h>
#include <errno.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/module.h"
#include "login/geo_reader.h"
#include "login/ip_mask.h"

enum { COUNTRY, ASN, DATABASES };

struct geo {
	MMDB_s databases[DATABASES];
	bool open[DATABASES];
	struct geo_place place;
};

/* The type in a database's metadata: "GeoLite2-Country", "DBIP-ASN-Lite". */
static const struct {
	const char *setting, *types[3];
} kinds[DATABASES] = {
	[COUNTRY] = {"geoip_country", {"Country", "City", "Enterprise"}},
	[ASN] = {"geoip_asn", {"ASN", "ISP", "Enterprise"}},
};

static int check_type(const MMDB_s *database, unsigned int kind, const char *path,
		      struct error *error_r)
{
	const char *type = database->metadata.database_type;

	for (size_t i = 0; i < 3; i++) {
		if (type && strcasestr(type, kinds[kind].types[i]))
			return 0;
	}
	return error_set(error_r, EINVAL, "%s: %s: a database of type \"%s\" does not contain that",
			 kinds[kind].setting, path, type ? type : "");
}

static int open_database(struct geo *geo, unsigned int kind, const char *path,
			 struct error *error_r)
{
	int status;

	if (path[0] == '\0')
		return 0;
	errno = 0;
	status = MMDB_open(path, MMDB_MODE_MMAP, &geo->databases[kind]);
	if (status != MMDB_SUCCESS)
		return error_set(error_r,
				 errno && status != MMDB_INVALID_METADATA_ERROR ? errno : EINVAL,
				 "%s: %s: %s", kinds[kind].setting, path,
				 status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR
					 ? strerror(errno)
					 : MMDB_strerror(status));
	geo->open[kind] = true;
	return check_type(&geo->databases[kind], kind, path, error_r);
}

static void close_databases(struct geo **geo)
{
	if (!*geo)
		return;
	for (unsigned int i = 0; i < DATABASES; i++) {
		if ((*geo)->open[i])
			MMDB_close(&(*geo)->databases[i]);
	}
	free(*geo);
	*geo = NULL;
}

static int open_databases(const char *country, const char *asn, struct geo **geo_r,
			  struct error *error_r)
{
	struct geo *geo;
	int ret;

	geo = calloc(1, sizeof(*geo));
	if (!geo)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = open_database(geo, COUNTRY, country, error_r);
	if (ret == 0)
		ret = open_database(geo, ASN, asn, error_r);
	if (ret < 0)
		close_databases(&geo);
	else
		*geo_r = geo;
	return ret;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool make_address(const struct login_ip *ip, union address *address_r)
{
	*address_r = (union address){.any = {.sa_family = ip->family}};
	if (ip->family == AF_INET6 && ip_is_mapped(ip)) {
		address_r->any.sa_family = AF_INET;
		memcpy(&address_r->v4.sin_addr, ip->bytes + 12, 4);
	} else if (ip->family == AF_INET6) {
		memcpy(&address_r->v6.sin6_addr, ip->bytes, 16);
	} else if (ip->family == AF_INET) {
		memcpy(&address_r->v4.sin_addr, ip->bytes, 4);
	}
	return ip->family != 0;
}

static bool find_entry(struct geo *geo, unsigned int kind, const union address *address,
		       MMDB_entry_s *entry_r)
{
	MMDB_lookup_result_s result;
	int error;

	if (!geo->open[kind])
		return false;
	result = MMDB_lookup_sockaddr(&geo->databases[kind], &address->any, &error);
	*entry_r = result.entry;
	return error == MMDB_SUCCESS && result.found_entry;
}

static bool take_country(MMDB_entry_s *entry, const char *of, char country[3])
{
	MMDB_entry_data_s data;

	if (MMDB_get_value(entry, &data, of, "iso_code", NULL) != MMDB_SUCCESS || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size != 2 ||
	    !isupper((unsigned char)data.utf8_string[0]) ||
	    !isupper((unsigned char)data.utf8_string[1]))
		return false;
	memcpy(country, data.utf8_string, 2);
	return true;
}

static void take_asn(MMDB_entry_s *entry, char *asn, size_t size)
{
	MMDB_entry_data_s data;

	if (MMDB_get_value(entry, &data, "autonomous_system_number", NULL) == MMDB_SUCCESS &&
	    data.has_data && data.type == MMDB_DATA_TYPE_UINT32)
		(void)snprintf(asn, size, "%u", data.uint32);
}

static const struct geo_place *find_place(struct geo *geo, const struct login_ip *ip)
{
	struct geo_place *place = &geo->place;
	union address address;
	MMDB_entry_s entry;

	*place = (struct geo_place){.country = ""};
	if (!make_address(ip, &address))
		return place;
	/* Where the address is, else where it was registered. */
	if (find_entry(geo, COUNTRY, &address, &entry) &&
	    !take_country(&entry, "country", place->country))
		(void)take_country(&entry, "registered_country", place->country);
	if (find_entry(geo, ASN, &address, &entry))
		take_asn(&entry, place->asn, sizeof(place->asn));
	return place;
}

static const struct geo_reader reader = {
	.open = open_databases,
	.find = find_place,
	.close = close_databases,
};

MODULE_DEFINE(geoip, reader);
