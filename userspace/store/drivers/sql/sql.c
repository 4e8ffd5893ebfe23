/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "conf/parse.h"
#include "store/drivers/sql/map_source.h"
#include "store/drivers/sql/sql_private.h"

/* --- opening ----------------------------------------------------------------------------------*/

int sql_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	struct sql_dict *sql = (struct sql_dict *)dict;
	int ret = sql_connect(sql, deadline_ns, error_r);

	for (size_t i = 0; i < sql->maps.count && ret == 0; i++) {
		if (strncmp(sql->maps.maps[i].pattern, "shared/", 7) != 0)
			continue;
		ret = sql_check_table(sql, i, deadline_ns, error_r);
		/* Strict writes do not follow the plan; a missing key is then the operator's wish.
		 */
		if (sql->strict && ret == -EINVAL)
			ret = 0;
	}
	return ret;
}

void sql_close(struct dict *dict)
{
	struct sql_dict *sql = (struct sql_dict *)dict;

	if (!sql)
		return;
	sql_disconnect(sql);
	if (sql->conn)
		sql->backend->free(sql->conn);
	sql_rows_release(&sql->rows);
	sql_map_set_release(&sql->maps);
	free(sql->plans);
	free(sql->needs);
	free(sql->planned);
	buf_release(&sql->scratch);
	buf_release(&sql->texts);
	free(sql);
}

static int sql_load_file(struct sql_dict *sql, const struct dict_config *config, const char *path,
			 struct error *error_r)
{
	const struct conf_section *root;
	struct conf_section *owned;
	int ret = sql_map_source_open(config, path, &root, &owned, error_r);

	if (ret < 0)
		return ret;
	ret = sql_map_set_load_file(&sql->maps, root, error_r);
	if (ret == 0) {
		ret = sql->backend->new (&sql->conn, conf_setting_find(root, "connect")->value,
					 NULL, sql->strict, error_r);
		if (ret < 0)
			error_prefix(error_r, "%s:%u: connect", path,
				     conf_setting_find(root, "connect")->pos.line);
	}
	conf_free(&owned);
	return ret;
}

static int sql_load_block(struct sql_dict *sql, const struct conf_section *block,
			  struct error *error_r)
{
	int ret = sql_map_set_load_block(&sql->maps, block, error_r);

	if (ret == 0)
		ret = sql->backend->new (&sql->conn, NULL, block, sql->strict, error_r);
	return ret;
}

static int sql_load(struct sql_dict *sql, const struct dict_config *config, struct error *error_r)
{
	const char *colon = config->uri ? strchr(config->uri, ':') : NULL;
	int ret;

	if (config->block)
		ret = sql_load_block(sql, config->block, error_r);
	else if (colon && colon[1] != '\0')
		ret = sql_load_file(sql, config, colon + 1, error_r);
	else
		ret = error_set(error_r, EINVAL, "%s: %s: needs a map file: %s:/path/to/file",
				config->where, config->uri,
				sql_dialect_name(sql->backend->dialect));
	if (ret == 0 && sql->history > 0)
		ret = sql_history_map(sql, config, error_r);
	if (ret < 0)
		return ret;
	sql->plans = calloc(sql->maps.count + 1, sizeof(*sql->plans));
	sql->needs = calloc(sql->maps.count + 1, sizeof(*sql->needs));
	sql->planned = calloc(sql->maps.count + 1, sizeof(*sql->planned));
	if (!sql->plans || !sql->needs || !sql->planned)
		return error_set(error_r, ENOMEM, "out of memory");
	return 0;
}

int sql_open(const struct dict_driver *driver, const struct sql_backend *backend,
	     const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	struct sql_dict *sql = calloc(1, sizeof(*sql));
	int ret;

	if (!sql)
		return error_set(error_r, ENOMEM, "out of memory");
	sql->dict.driver = config->history > 0 ? &sql_history_driver : driver;
	sql->history = config->history;
	sql->past = !config->history_where;
	buf_init(&sql->scratch, HISTORY_VALUE_MAX);
	buf_init(&sql->texts, SQL_TEXTS_MAX);
	sql->backend = backend;
	sql->strict = config->strict;
	sql->form = config->strict ? sql_form_of_dovecot(backend->dialect, config->dovecot_version)
				   : SQL_FORM_NEWEST;
	if (config->history > 0)
		sql->form = SQL_FORM_ADD;
	sql_rows_init(&sql->rows);
	ret = sql_load(sql, config, error_r);
	if (ret < 0)
		sql_close(&sql->dict);
	else
		*dict_r = &sql->dict;
	return ret;
}

void sql_places(const struct dict *dict, dict_place_cb *cb, void *context)
{
	const struct sql_dict *sql = (const struct sql_dict *)dict;

	sql->backend->places(sql->conn, cb, context);
}
