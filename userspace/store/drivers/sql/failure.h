/* SPDX-License-Identifier: MIT */
/* What a server's error means for the rows, by its SQLSTATE. */
#ifndef DOVETAP_SQL_FAILURE_H
#define DOVETAP_SQL_FAILURE_H

#include "store/drivers/sql/backend.h"

/* The longest matching prefix decides; a state that nobody knows is SQL_AGAIN. */
enum sql_result sql_failure_of_state(const char *sqlstate);

#endif
