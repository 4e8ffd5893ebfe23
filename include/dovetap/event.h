/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The record that the BPF programs write into the ring buffer and the collector decodes.
 *
 * +--------------------+---------------+--------------------+---------------+--------------------+
 * | dovetap_event_head | one slot per  | dovetap_event_tail | slots of text | dovetap_event_seal |
 * |                    | text field,   |                    | fields added  | ..._origin,        |
 * |                    | with its NUL  |                    | later         | ..._process        |
 * +--------------------+---------------+--------------------+---------------+--------------------+
 *
 * There are two record sizes, because a ring buffer reservation must have a constant size: the
 * ordinary one holds nearly every login, the long one is taken when a text does not fit. The size
 * member distinguishes them: a record of at least DOVETAP_EVENT_LONG_MIN bytes is a long one, and
 * no ordinary one may ever grow to that. Numbers are appended, never reused, and so are members,
 * behind the seal: every member stays where it is. A reader takes a larger size of the same
 * major version and ignores what it does not know; it refuses another major version. It also takes
 * the smaller records of before (DOVETAP_EVENT_MIN), in which the last members are missing.
 *
 * The includer provides __u8 ... __u64 and __s32 (vmlinux.h in BPF, <linux/types.h> elsewhere).
 */
#ifndef DOVETAP_EVENT_H
#define DOVETAP_EVENT_H

#include "origin.h"

#define DOVETAP_EVENT_MAJOR 1

enum dovetap_event_type {
	DOVETAP_EVENT_MAIL_USER = 1, /* hook_mail_user_created: the login is complete */
	DOVETAP_EVENT_AUTH = 2,	 /* auth_request_finished_event: authentication has an outcome */
	DOVETAP_EVENT_PROXY = 3, /* client_proxy_finish_destroy_client: proxied login established */
};

/*
 * X(ENUM, member, ordinary slot, long slot). A slot holds its text and the NUL. The long slot of
 * a name takes 512 bytes of name; Dovecot itself limits a login name to less than that.
 * For an auth event, auth_user is the name as the client gave it (original_username), and
 * proxy_host the backend that the passdb names for a login that is to be proxied.
 */
#define DOVETAP_FIRST_TEXT_FIELDS(X)                                                               \
	X(USERNAME, username, 64, 520)                                                             \
	X(AUTH_USER, auth_user, 64, 520)                                                           \
	X(MASTER_USER, master_user, 64, 520)                                                       \
	X(HOME, home, 64, 520)                                                                     \
	X(SESSION_ID, session_id, 64, 128)                                                         \
	X(SERVICE, service, 24, 64)                                                                \
	X(PROTOCOL, protocol, 24, 64)                                                              \
	X(MECH, mech, 24, 64)                                                                      \
	X(LOCAL_NAME, local_name, 64, 256)                                                         \
	X(CLIENT_ID, client_id, 64, 256)

/* The same, added later: behind the tail. One more would move the seal: it belongs behind that. */
#define DOVETAP_LATER_TEXT_FIELDS(X) X(PROXY_HOST, proxy_host, 64, 256)

#define DOVETAP_TEXT_FIELDS(X)                                                                     \
	DOVETAP_FIRST_TEXT_FIELDS(X)                                                               \
	DOVETAP_LATER_TEXT_FIELDS(X)

enum dovetap_field {
#define DOVETAP_X(id, member, ordinary, longer) DOVETAP_FIELD_##id,
	DOVETAP_TEXT_FIELDS(DOVETAP_X)
#undef DOVETAP_X
		DOVETAP_TEXT_COUNT,
	/* Presence bits of what is not text. */
	DOVETAP_FIELD_REMOTE_IP = 16,
	DOVETAP_FIELD_LOCAL_IP = 17,
	DOVETAP_FIELD_REMOTE_PORT = 18,
	DOVETAP_FIELD_LOCAL_PORT = 19,
	DOVETAP_FIELD_MAIL_UID = 20, /* and mail_gid */
	DOVETAP_FIELD_PASSDB_RESULT = 21,
	/* In struct dovetap_event_tail. */
	DOVETAP_FIELD_REAL_REMOTE_IP = 22,
	DOVETAP_FIELD_REAL_LOCAL_IP = 23,
	DOVETAP_FIELD_REAL_REMOTE_PORT = 24,
	DOVETAP_FIELD_REAL_LOCAL_PORT = 25,
};

#define DOVETAP_BIT(field) (1U << (field))

/* State of the login, from Dovecot's own flag bits of the same names. */
enum dovetap_flag {
	DOVETAP_FLAG_ANONYMOUS = 1U << 0,
	DOVETAP_FLAG_ADMIN = 1U << 1,
	DOVETAP_FLAG_AUTOCREATED = 1U << 2,
	DOVETAP_FLAG_SESSION_RESTORED = 1U << 3,
	DOVETAP_FLAG_SECURED = 1U << 4, /* TLS, or a trusted network */
	DOVETAP_FLAG_SUCCESSFUL = 1U << 5,
	DOVETAP_FLAG_AUTH_ONLY = 1U << 6, /* a SASL client such as Postfix: no mailbox follows */
	DOVETAP_FLAG_POLICY_REFUSAL = 1U << 7,
	DOVETAP_FLAG_INTERNAL_FAILURE = 1U << 8,
	DOVETAP_FLAG_TLS = 1U << 9, /* auth events from 2.3.1, mail_user from 2.4 */
};

/* Padding by the compiler would carry old memory to the reader: none is allowed. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

struct dovetap_event_head {
	__u16 major; /* DOVETAP_EVENT_MAJOR */
	__u16 type;  /* enum dovetap_event_type */
	__u32 size;  /* of the whole record, in bytes */

	__u64 boot_ns;	 /* CLOCK_BOOTTIME at the probe */
	__u64 cgroup_id; /* of the probed process (dovetap/cgroup.h) */
	__u64 object;	 /* address of the mail_user or auth_request, to recognise duplicates */

	__u32 pid; /* process (tgid) in the initial pid namespace */
	__u32 tid;
	__u32 uid;	/* real uid of the probed process */
	__u32 mail_uid; /* Dovecot's uid and gid of the user */
	__u32 mail_gid;
	__s32 passdb_result; /* auth events: enum passdb_result of Dovecot */

	__u32 present;	 /* DOVETAP_BIT of every member that was captured */
	__u32 truncated; /* DOVETAP_BIT of every text that did not fit its slot */
	__u32 failed;	 /* DOVETAP_BIT of every member whose memory could not be read */
	__u32 flags;	 /* enum dovetap_flag */

	__u16 remote_family; /* AF_INET or AF_INET6 */
	__u16 local_family;
	__u16 remote_port;
	__u16 local_port;
	__u8 remote_ip[16]; /* network byte order; IPv4 in the first four bytes */
	__u8 local_ip[16];

	__u16 length[DOVETAP_TEXT_COUNT]; /* of each text in its slot, without the NUL */
	__u16 padding;
};

/* Auth events: who holds the connection. remote_ip is the client that a trusted proxy names. */
struct dovetap_event_tail {
	__u16 real_remote_family;
	__u16 real_local_family;
	__u16 real_remote_port;
	__u16 real_local_port;
	__u8 real_remote_ip[16];
	__u8 real_local_ip[16];
};

/*
 * Who wrote the record, once more and written last, though it need not stand last. A program whose
 * memory another one wrote into meanwhile has another object or task at the end than at the
 * beginning: such a record has fields of two logins, and is not used.
 */
struct dovetap_event_seal {
	__u64 object; /* as in the head */
	__u32 pid;
	__u32 tid;
};

/* Where the record is from. */
struct dovetap_event_origin {
	__u64 file;    /* the probed file's build and the layout that it was read with */
	char comm[16]; /* name of the process' thread, with its NUL */
};

/* Who wrote it, as the kernel knows it. A record without this has an unknown origin. */
struct dovetap_event_process {
	__u32 origin;	  /* enum dovetap_origin */
	__u32 parent_uid; /* real uid of the master; without one, of the parent process */
	__u32 parent_pid;
	__u32 owner_uid; /* who has made the user namespace of that; 0: root, or there is none */
	__u32 exe_uid;	 /* owner of the executable */
	__u32 pid_ns;	 /* inode number of its pid namespace */
	char exe[DOVETAP_EXE_NAME_MAX]; /* name of the executable's file */
	char parent_exe[DOVETAP_EXE_NAME_MAX];
};

struct dovetap_event {
	struct dovetap_event_head head;
#define DOVETAP_X(id, member, ordinary, longer) char member[ordinary];
	DOVETAP_FIRST_TEXT_FIELDS(DOVETAP_X)
	struct dovetap_event_tail tail;
	DOVETAP_LATER_TEXT_FIELDS(DOVETAP_X)
#undef DOVETAP_X
	struct dovetap_event_seal seal;
	struct dovetap_event_origin origin;
	struct dovetap_event_process process;
};

struct dovetap_event_long {
	struct dovetap_event_head head;
#define DOVETAP_X(id, member, ordinary, longer) char member[longer];
	DOVETAP_FIRST_TEXT_FIELDS(DOVETAP_X)
	struct dovetap_event_tail tail;
	DOVETAP_LATER_TEXT_FIELDS(DOVETAP_X)
#undef DOVETAP_X
	struct dovetap_event_seal seal;
	struct dovetap_event_origin origin;
	struct dovetap_event_process process;
};

#pragma GCC diagnostic pop

/* The smallest records of this major, of before client_id, the tail and the seal. */
#define DOVETAP_EVENT_MIN      592
#define DOVETAP_EVENT_LONG_MIN 2792

_Static_assert(sizeof(struct dovetap_event_head) == 136, "event head moved: raise the major");
_Static_assert(sizeof(struct dovetap_event) == 872, "event moved: raise the major");
_Static_assert(sizeof(struct dovetap_event) < DOVETAP_EVENT_LONG_MIN, "the forms must differ");
_Static_assert(sizeof(struct dovetap_event_long) == 3456, "long event moved: raise the major");

#endif
