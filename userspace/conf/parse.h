/* SPDX-License-Identifier: MIT */
/*
 * Dovecot's configuration syntax, 2.3 and 2.4, into a tree. Errors read "file:line: what is
 * wrong, what would be right" and are -EINVAL, -ENOMEM, -E2BIG or the errno of a file.
 *
 * Which "$" words are expanded follows the file: a file that begins with dovecot_config_version
 * is 2.4, any other 2.3; inside SQL maps (map, fields, dict_map, key_field...) and with
 * CONF_PARSE_MAP a "$user" is a variable of the pattern and stays. See expand.h.
 */
#ifndef DOVETAP_CONF_PARSE_H
#define DOVETAP_CONF_PARSE_H

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "conf/tree.h"

#define CONF_PARSE_MAP 1U /* dovecot-dict-sql.conf.ext: "$" stays, but $ENV:NAME is expanded */

#define CONF_FILE_MAX	   (4U << 20) /* bytes of one file */
#define CONF_FILES_MAX	   1000	      /* files of one tree */
#define CONF_INCLUDE_DEPTH 16
#define CONF_SECTION_DEPTH 32

/* Reads a file with everything that it includes. */
int conf_parse_file(const char *path, unsigned int flags, struct conf_section **root_r,
		    struct error *error_r);

/*
 * The same for a file of a container, read from outside: path lies below the root folder dir, and
 * so do the absolute paths that it includes or names. Links count from dir and lead nowhere else.
 * dir NULL: as conf_parse_file().
 */
int conf_parse_file_below(const char *dir, const char *path, unsigned int flags,
			  struct conf_section **root_r, struct error *error_r);

/* Whether path lies below dir, which may end with "/". */
bool conf_path_is_below(const char *path, const char *dir);

/* Parses a text without reading any file: "!include" is an error, "!include_try" finds nothing.
 * name stands for the file in positions. Pure; for tests, fuzzing and output of programs. */
int conf_parse_text(struct slice text, const char *name, unsigned int flags,
		    struct conf_section **root_r, struct error *error_r);

/*
 * Replaces the path of every "key = <file" setting in the section, and in those inside, by the
 * content of the file, less one newline at its end. conf_parse_file() leaves the files alone, so
 * that nothing is read which nobody asked for (a server's private keys).
 */
int conf_load_files(struct conf_section *section, struct error *error_r);

/* The same for one setting. */
int conf_load_file(struct conf_section *root, struct conf_setting *setting, struct error *error_r);

#endif
