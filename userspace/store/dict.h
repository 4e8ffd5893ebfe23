/* SPDX-License-Identifier: MIT */
/*
 * Where records are kept: a dict in Dovecot's sense, with one driver per kind of store.
 *
 * A dict takes key, value and time; it never sees a login. All calls for one dict come from one
 * thread. They may block until the deadline, and they neither log, sleep nor retry: that is the
 * writer's policy (writer.h).
 *
 * The promise: after writes in any order the key has the value of the newest time. A driver with
 * DICT_CAP_NEWEST_WINS lets the store itself compare; for the others dict.c reads before it writes,
 * which is right for a single writer only.
 */
#ifndef DOVETAP_DICT_H
#define DOVETAP_DICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/key_part.h"
#include "base/slice.h"
#include "store/history.h"

struct conf_section;
struct dict;

enum dict_outcome {
	DICT_PENDING = 0, /* not tried yet; write() leaves none behind when it returns 0 */
	DICT_STORED,
	DICT_UNCHANGED, /* the store has the same or a newer time */
	DICT_RETRY,	/* surely not stored, may work later */
	DICT_REFUSED,	/* will never work: too long, unmapped, wrong type; see reason */
	DICT_UNCERTAIN, /* sent, no answer: sending it again is harmless */
	DICT_DONE,	/* of writer and spool, never of a driver: nothing is left to do with it */
	DICT_OUTCOMES
};

#define DICT_REASON_MAX 160

struct dict_entry {
	/* Set by the caller and valid during write(). */
	struct slice key; /* Dovecot's, with "shared/" in front */
	struct slice value;
	int64_t time_ns;	      /* of the login, ns since 1970 */
	const struct key_part *parts; /* offsets count from the start of key */
	size_t part_count;

	/* Set by write(). */
	enum dict_outcome outcome;
	char reason[DICT_REASON_MAX]; /* of RETRY, REFUSED and UNCERTAIN */
};

enum dict_cap {
	DICT_CAP_NEWEST_WINS = 1U << 0, /* the store itself compares times */
	DICT_CAP_EXPIRE = 1U << 1,	/* records can expire in the store */
	DICT_CAP_SCANS = 1U << 2,	/* search() by a part of a key looks at all keys */
	DICT_CAP_TIMES_ONLY = 1U << 3,	/* values that are no times cannot be kept in order */
	DICT_CAP_COMPARES = 1U << 4,	/* write() itself reads and compares, where it can */
	DICT_CAP_COLUMNS = 1U << 5,	/* a record may be there before it has a time: NULL, 0 */
};

/* How the operator named the dict: a 2.3 URI or a 2.4 block, never both. */
struct dict_config {
	const char *uri;		  /* "redis:host=...", driver name included; or NULL */
	const struct conf_section *block; /* "dict redis { ... }"; or NULL */
	const char *where;		  /* "file:line" or "--dict", for error texts */
	const char *base_dir;		 /* Dovecot's, for relative proxy sockets; "/run/dovecot" */
	const char *home;		 /* for "~/" and relative paths of file: and fs: */
	const char *map_where;		 /* where "dict { name = ... }" stood, or NULL */
	const struct conf_section *root; /* the whole configuration, for SQL blocks; or NULL */
	const struct conf_section *map;	 /* the map file of the URI (dict_map_path()), read
					  * already, because the writer may not be allowed to;
					  * or NULL: the driver reads it */
	const char *table;		 /* of the embedded dict; NULL: "last_login". Of a history:
					  * its name everywhere */
	size_t history;			 /* not 0: this dict keeps so many rows of each user, no
					  * records (history.h) */
	const char *history_where;	 /* where that was asked for, for error texts */
	const char *dovecot_version;	 /* "2.3.19.1" of the Dovecot found, or NULL */
	int64_t expire_secs;		 /* records may vanish after that; 0: never. For stores that
					  * do it themselves and have no setting of their own */
	bool strict;			 /* compat = strict: byte for byte the plugin's writes */
};

#define DICT_KEY_PARTS_MAX 64

/*
 * A key as it is asked for by somebody who knows the user and no more: an address in it, a session,
 * a host's name are known to who logged in.
 */
struct dict_key {
	struct slice text; /* with "shared/" */
	const struct key_part *parts;
	size_t part_count; /* DICT_KEY_PARTS_MAX at most */
	uint64_t open;	   /* bit of each part that is not known: its text only stands for one */
	uint64_t of_user;  /* bit of each part that comes from the user's name */
};

/* One record as lookup(), search() and list() hand it out; valid during the callback. */
struct dict_record {
	struct slice user, service, remote_ip; /* len 0 when the store does not return it */
	struct slice key;		       /* len 0 when the store does not return it */
	const struct dict_key
		*asked; /* of search() and list(): what led to it, if it was one key */
	struct slice value;
	int64_t time_ns; /* from the value's digits; -1 when it is not a time */
};

/* What is to be listed. The store may leave out less than it could. */
struct dict_listing {
	const struct dict_key *keys; /* samples, such as ours are: a store may hold others' */
	size_t key_count;
	const char *mask;      /* "*@example.com", or NULL: only such users; also "?" */
	const uint8_t *judged; /* of each key: by its records users are judged; NULL: no judging */
	const char *const *unjudged; /* services whose records do not count, ends with NULL */
	int64_t older_than_ns; /* leaves out users with a judged record of that time or newer */
};

/* What stands where records should be. */
enum dict_presence_state {
	DICT_UNSHOWN, /* the store cannot show it: a record that is read is the only proof */
	DICT_ABSENT,  /* no file, directory or table */
	DICT_EMPTY,   /* it is there, and has no record such as those of the keys */
	DICT_PRESENT, /* it has one at least */
};

#define DICT_FOUND_MAX 256

struct dict_presence {
	enum dict_presence_state state;
	char found[DICT_FOUND_MAX]; /* of ABSENT and EMPTY, and with from_ns: where and what */
	int64_t keeps_ns;	    /* older records vanish; 0: they stay */
	int64_t from_ns; /* wall clock: what was written before may be gone; 0: nothing */
};

typedef void dict_record_cb(const struct dict_record *record, void *context);

/* What is to be removed. */
struct dict_expiry {
	int64_t older_than_ns;	  /* of the login, ns since 1970 */
	size_t limit;		  /* records at most, in one call */
	const struct slice *keys; /* such as ours are, with "shared/": a store may hold others' */
	size_t key_count;
	bool must_exist;      /* -ENOENT without a store, else there is nothing to remove */
	dict_record_cb *show; /* not NULL: gets what would be removed, and nothing is */
	void *context;
};

/* Whose records are to be removed. */
struct dict_removal {
	struct slice user;
	const struct dict_key *keys; /* of the user; 1 or more */
	size_t key_count;
	int64_t until_ns;   /* wall clock: later ones stay, where the store has times */
	bool dry_run;	    /* only counts them */
	bool may_be_absent; /* without a store there are none; else that is -ENOENT */
};

/* Which of the collector's files a dict is for (priv/landlock.h). */
enum dict_place {
	DICT_PLACE_READ, /* a file or directory, for reading */
	DICT_PLACE_FILE, /* a file that is written, and what comes and goes beside it: journal, lock
			  */
	DICT_PLACE_TREE, /* everything below a directory */
};

/* path is valid during the call. */
typedef void dict_place_cb(void *context, const char *path, enum dict_place place);

/* text is valid during the call. */
typedef void dict_note_cb(void *context, const char *text);

struct dict_driver {
	const char *name; /* the word before ":" in a URI */
	unsigned int caps;

	/* Checks the settings and prepares; connects only if that cannot block for long. A store
	 * that is down is not an error here. Errors: -EINVAL for settings, -ENOMEM. */
	int (*open)(const struct dict_config *config, struct dict **dict_r, struct error *error_r);

	/* Gives every entry an outcome. Returns 0, or a negative errno when the store as a whole
	 * did not answer (the entries are then RETRY or UNCERTAIN and error_r has the reason;
	 * dict.c makes RETRY of those that the driver did not get to). */
	int (*write)(struct dict *dict, struct dict_entry *entries, size_t count,
		     int64_t deadline_ns, struct error *error_r);

	/* Calls back for every record under one of the keys, with record.key as it stood in keys;
	 * the SQL dicts and the embedded one for every record of the user, and need no keys.
	 * Returns the number of records or a negative errno. */
	int (*lookup)(struct dict *dict, struct slice user, const struct slice *keys,
		      size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
		      struct error *error_r);

	/* Optional, for stores that can find records by a part of their key. Calls back for every
	 * record that a key fits, and those of which no part is open. As lookup(); -EOPNOTSUPP when
	 * it cannot be done for one of the keys, or would take too long. */
	int (*search)(struct dict *dict, struct slice user, const struct dict_key *keys,
		      size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
		      struct error *error_r);

	/* Optional. Calls back for every record such as the listing asks for, in any order, in
	 * memory that does not grow with their number. idle_ns is how long the store may be silent.
	 * Returns the number of records or a negative errno. */
	int64_t (*list)(struct dict *dict, const struct dict_listing *listing, int64_t idle_ns,
			dict_record_cb *cb, void *context, struct error *error_r);

	/* Optional, for drivers that open a dict_config.history. Calls back for rows of the user,
	 * or of all users when that is empty, the newest first, limit at most. write() of such a
	 * dict adds rows that are not there yet and removes what is older than the newest of the
	 * user; the same row again, in any order, changes nothing. As lookup(). */
	int (*history)(struct dict *dict, struct slice user, size_t limit, int64_t deadline_ns,
		       history_row_cb *cb, void *context, struct error *error_r);

	/* Optional. Is the store there and fit (schema, rights)? 0 or a negative errno. */
	int (*ping)(struct dict *dict, int64_t deadline_ns, struct error *error_r);

	/* Optional. Passes the variables of the key template, before the first write; refuses a
	 * template that the store cannot take. variables ends with NULL. */
	int (*check_key)(struct dict *dict, const char *const *variables, struct error *error_r);

	/* Optional. An entry such as will be written, made up: before the first write, and without
	 * the store. -ENOENT when nothing takes its key, -EINVAL when it would go wrong; the text
	 * has the place and what would be right. What it shows of widths is held against the
	 * store by ping(). */
	int (*expect)(struct dict *dict, const struct dict_entry *entry, struct error *error_r);

	/* Optional. Is there a store, and is it one that has records such as ours? Whoever reads
	 * takes "no record" for an answer only then. keys are samples, as of a listing; without
	 * any, only what costs little is looked at: ABSENT, keeps_ns and from_ns. *presence_r was
	 * zeroed. A store that is down, not readable or of another kind is a negative errno. */
	int (*presence)(struct dict *dict, const struct dict_key *keys, size_t key_count,
			int64_t deadline_ns, struct dict_presence *presence_r,
			struct error *error_r);

	/* Optional, after ping(). Calls back with what works, but not for ever. */
	void (*notes)(const struct dict *dict, dict_note_cb *cb, void *context);

	/* Optional. Removes old records; returns how many, or a negative errno: -EINVAL when this
	 * dict must not do it, with the reason. */
	int (*expire)(struct dict *dict, const struct dict_expiry *expiry, int64_t deadline_ns,
		      struct error *error_r);

	/* Optional. Removes the records under the keys, and all rows of the user. Returns how many
	 * there were, or a negative errno: -EOPNOTSUPP when they cannot be found by these keys,
	 * -EINVAL when this dict must not remove them, with the reason. */
	int (*remove)(struct dict *dict, const struct dict_removal *what, int64_t deadline_ns,
		      struct error *error_r);

	/* Optional, instead of remove(), for stores that know whole keys alone. Removes them;
	 * returns how many were there, or a negative errno. */
	int (*unset)(struct dict *dict, const struct slice *keys, size_t key_count,
		     int64_t deadline_ns, struct error *error_r);

	/* Optional. Nothing was written for a second: what is better done now than in between. */
	void (*tidy)(struct dict *dict);

	/* Optional, for drivers that open files. Calls back for each place that the settings name.
	 */
	void (*places)(const struct dict *dict, dict_place_cb *cb, void *context);

	void (*close)(struct dict *dict); /* takes NULL */
};

/* A driver's own struct starts with this one; dict_open() fills it after open(), unless open() has
 * set another driver, as that of a history. */
struct dict {
	const struct dict_driver *driver;
	bool strict;
};

/* Loads the module of its driver, if that is one (base/module.h); dict_open() does it, too, but
 * may be called where it is too late: behind a sandbox. Errors: -EINVAL for an unknown driver, and
 * those of module_load(). */
int dict_load(const struct dict_config *config, struct error *error_r);

/* The dict behind a URI or block. Unknown driver: -EINVAL and a text that lists the known ones. */
int dict_open(const struct dict_config *config, struct dict **dict_r, struct error *error_r);
void dict_close(struct dict **dict); /* takes NULL, sets NULL */

/* Can a dict of that kind keep a history? False as well when its module is missing. */
bool dict_keeps_history(const struct dict_config *config);

/* The map file that a URI such as "mysql:FILE" names, or NULL when it names none. */
const char *dict_map_path(const char *uri);

/* True for the embedded dict, whose rows want service and address in the key as well. */
bool dict_is_embedded(const struct dict_config *config);

/* As the slots above; a missing slot is answered here (-EOPNOTSUPP, or 0 for ping, check_key and
 * expect, UNSHOWN for presence), and drivers without DICT_CAP_NEWEST_WINS get their comparison
 * here. Deadlines are on clock_monotonic_ns(). */
int dict_write(struct dict *dict, struct dict_entry *entries, size_t count, int64_t deadline_ns,
	       struct error *error_r);
int dict_lookup(struct dict *dict, struct slice user, const struct slice *keys, size_t key_count,
		int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r);

/* By search(), or by lookup() when no key has an open part and the store needs no more.
 * -EOPNOTSUPP: the store cannot find such records, which is no answer to whether there are any;
 * so it is without a key at all. */
int dict_search(struct dict *dict, struct slice user, const struct dict_key *keys, size_t key_count,
		int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r);
bool dict_scans(const struct dict *dict);	/* DICT_CAP_SCANS */
bool dict_has_columns(const struct dict *dict); /* DICT_CAP_COLUMNS */
int dict_history(struct dict *dict, struct slice user, size_t limit, int64_t deadline_ns,
		 history_row_cb *cb, void *context, struct error *error_r);
int64_t dict_list(struct dict *dict, const struct dict_listing *listing, int64_t idle_ns,
		  dict_record_cb *cb, void *context, struct error *error_r);
int dict_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r);
int dict_check_key(struct dict *dict, const char *const *variables, struct error *error_r);
int dict_expect(struct dict *dict, const struct dict_entry *entry, struct error *error_r);
int dict_presence(struct dict *dict, const struct dict_key *keys, size_t key_count,
		  int64_t deadline_ns, struct dict_presence *presence_r, struct error *error_r);

/* -ENOENT where there is no store: that "nothing is there any more" would be taken for done. */
int dict_require(struct dict *dict, int64_t deadline_ns, struct error *error_r);
void dict_notes(const struct dict *dict, dict_note_cb *cb, void *context);
bool dict_can_expire(const struct dict *dict); /* else dict_expire() is -EOPNOTSUPP */
int dict_expire(struct dict *dict, const struct dict_expiry *expiry, int64_t deadline_ns,
		struct error *error_r);

/* By remove(), or by search() and unset(). What an open part makes doubtful is somebody else's and
 * stays: "alice/" in front of an address is not "alice/x/" in front of it. -EEXIST: such keys are
 * there, and the text names one; all others are gone. */
int dict_remove(struct dict *dict, const struct dict_removal *what, int64_t deadline_ns,
		struct error *error_r);

/* Is the entry one of those records, by its key and, where that leaves a doubt, by its parts? Its
 * login must not be later than until_ns. */
bool dict_removal_concerns(const struct dict_removal *what, const struct dict_entry *entry);

void dict_tidy(struct dict *dict);

/* Calls back for each file or directory that the dict reads or writes, */
void dict_places(const struct dict *dict, dict_place_cb *cb, void *context);

/* For drivers: dict_entry.c. */

const char *dict_outcome_name(enum dict_outcome outcome);

/* Gives the entry its outcome and reason. */
void dict_entry_set(struct dict_entry *entry, enum dict_outcome outcome, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Sets state and found; returns 0. */
int dict_presence_set(struct dict_presence *presence, enum dict_presence_state state,
		      const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for every entry that is still PENDING. */
void dict_entries_set(struct dict_entry *entries, size_t count, enum dict_outcome outcome,
		      const char *reason);

/* The key without "shared/", as most stores get it. */
struct slice dict_key_name(struct slice key);

/* Is its value the time of the login, and not a field's (last_login_dict_fields)? */
bool dict_entry_is_time(const struct dict_entry *entry);

/* True when the dict takes any value, not only times. */
bool dict_takes_fields(const struct dict *dict);

/* Is the entry newer than a stored value? A stored value that is not a time is older than any:
 * the plugin would overwrite it, too. What is no time is newer than anything. */
bool dict_entry_newer(const struct dict_entry *entry, struct slice stored);

/* The text of the entry's first part of that variable; false when there is none. */
bool dict_entry_part(const struct dict_entry *entry, const char *variable, struct slice *text_r);

#endif
