/* SPDX-License-Identifier: MIT */
/* The drivers that are built in, but for sql.h, and those of modules; each is defined at the bottom
 * of its own file. */
#ifndef DOVETAP_DRIVERS_H
#define DOVETAP_DRIVERS_H

#include "store/dict.h"

extern const struct dict_driver memory_driver;
extern const struct dict_driver debug_driver;
extern const struct dict_driver sqlite_driver;
extern const struct dict_driver redis_driver;
extern const struct dict_driver file_driver;
extern const struct dict_driver fs_driver;
extern const struct dict_driver memcached_ascii_driver;
extern const struct dict_driver proxy_driver;
extern const struct dict_driver cassandra_driver;

#endif
