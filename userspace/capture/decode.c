/* SPDX-License-Identifier: MIT */
#include "capture/decode.h"

#include <errno.h>
#include <sys/socket.h>

/* Where each text stands in the two forms of the record, and how much room it has there. */
struct slot {
	const char *name;
	uint16_t offset, size;
};

#define DOVETAP_X(id, member, ordinary, longer)                                                    \
	{#member, offsetof(struct dovetap_event, member), ordinary},
static const struct slot ordinary_slots[] = {DOVETAP_TEXT_FIELDS(DOVETAP_X)};
#undef DOVETAP_X
#define DOVETAP_X(id, member, ordinary, longer)                                                    \
	{#member, offsetof(struct dovetap_event_long, member), longer},
static const struct slot long_slots[] = {DOVETAP_TEXT_FIELDS(DOVETAP_X)};
#undef DOVETAP_X

static int check_head(const struct dovetap_event_head *head, size_t size, struct error *error_r)
{
	if (head->major != DOVETAP_EVENT_MAJOR)
		return error_set(error_r, EPROTO, "event version %u, this program speaks %u",
				 head->major, DOVETAP_EVENT_MAJOR);
	if (head->type < DOVETAP_EVENT_MAIL_USER || head->type > DOVETAP_EVENT_PROXY)
		return error_set(error_r, EPROTO, "unknown event type %u", head->type);
	if (head->size != size || size < DOVETAP_EVENT_MIN)
		return error_set(error_r, EBADMSG, "event of %zu bytes claims to have %u", size,
				 head->size);
	return 0;
}

static bool is_long(const struct dovetap_event_head *head)
{
	return head->size >= DOVETAP_EVENT_LONG_MIN;
}

/* UNSAFE: reads the slot; record has as many bytes as check_head() has found its size to be. */
static int decode_text(struct slice record, const struct slot *slot, size_t length,
		       struct slice *text_r, struct error *error_r)
{
	if (slot->offset + slot->size > record.len || length >= slot->size ||
	    record.ptr[slot->offset + length] != '\0')
		return error_set(error_r, EBADMSG, "event with a broken %s of %zu bytes",
				 slot->name, length);
	*text_r = (struct slice){record.ptr + slot->offset, length};
	return 0;
}

static int decode_texts(struct slice record, const struct dovetap_event_head *head,
			struct login *login, struct error *error_r)
{
	const struct slot *slots = is_long(head) ? long_slots : ordinary_slots;

	for (unsigned int i = 0; i < DOVETAP_TEXT_COUNT; i++) {
		int ret;

		if (!login_has(login, i))
			continue;
		ret = decode_text(record, &slots[i], head->length[i], &login->text[i], error_r);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int decode_ip(const struct login *login, unsigned int field, uint16_t family,
		     const uint8_t bytes[16], struct login_ip *ip_r, struct error *error_r)
{
	if (!login_has(login, field))
		return 0;
	if (family != AF_INET && family != AF_INET6)
		return error_set(error_r, EBADMSG, "event with address family %u", family);
	ip_r->family = family;
	memcpy(ip_r->bytes, bytes, sizeof(ip_r->bytes));
	return 0;
}

static void decode_numbers(const struct dovetap_event_head *head, struct login *login)
{
	login->type = head->type;
	login->boot_ns = head->boot_ns;
	login->present = head->present;
	login->truncated = head->truncated;
	login->failed = head->failed;
	login->flags = head->flags;
	login->remote_port = head->remote_port;
	login->local_port = head->local_port;
	login->passdb_result = head->passdb_result;
	login->pid = head->pid;
	login->tid = head->tid;
	login->uid = head->uid;
	login->mail_uid = head->mail_uid;
	login->mail_gid = head->mail_gid;
	login->cgroup_id = head->cgroup_id;
	login->object = head->object;
}

#define TAIL_FIELDS                                                                                \
	(DOVETAP_BIT(DOVETAP_FIELD_REAL_REMOTE_IP) | DOVETAP_BIT(DOVETAP_FIELD_REAL_LOCAL_IP) |    \
	 DOVETAP_BIT(DOVETAP_FIELD_REAL_REMOTE_PORT) | DOVETAP_BIT(DOVETAP_FIELD_REAL_LOCAL_PORT))

/* A record from before the tail has none of its members: its bits do not count. */
static int decode_tail(struct slice record, const struct dovetap_event_head *head,
		       struct login *login, struct error *error_r)
{
	size_t place = is_long(head) ? offsetof(struct dovetap_event_long, tail)
				     : offsetof(struct dovetap_event, tail);
	struct dovetap_event_tail tail;
	int ret;

	if (record.len < place + sizeof(tail)) {
		login->present &= ~TAIL_FIELDS;
		return 0;
	}
	memcpy(&tail, record.ptr + place, sizeof(tail));
	login->real_remote_port = tail.real_remote_port;
	login->real_local_port = tail.real_local_port;
	ret = decode_ip(login, DOVETAP_FIELD_REAL_REMOTE_IP, tail.real_remote_family,
			tail.real_remote_ip, &login->real_remote_ip, error_r);
	if (ret == 0)
		ret = decode_ip(login, DOVETAP_FIELD_REAL_LOCAL_IP, tail.real_local_family,
				tail.real_local_ip, &login->real_local_ip, error_r);
	return ret;
}

/* A record of before the seal has none, and is taken as it is. */
static int check_seal(struct slice record, const struct dovetap_event_head *head,
		      struct error *error_r)
{
	size_t place = is_long(head) ? offsetof(struct dovetap_event_long, seal)
				     : offsetof(struct dovetap_event, seal);
	struct dovetap_event_seal seal;

	if (record.len < place + sizeof(seal))
		return 0;
	memcpy(&seal, record.ptr + place, sizeof(seal));
	if (seal.object == head->object && seal.pid == head->pid && seal.tid == head->tid)
		return 0;
	return error_set(error_r, EILSEQ,
			 "event of two logins: begun by process %u (thread %u) on object %#llx, "
			 "ended by process %u (thread %u) on object %#llx",
			 head->pid, head->tid, head->object, seal.pid, seal.tid, seal.object);
}

/* UNSAFE: the name ends within the record. One of before the origin has none. */
static void decode_origin(struct slice record, const struct dovetap_event_head *head,
			  struct login *login)
{
	size_t place = is_long(head) ? offsetof(struct dovetap_event_long, origin)
				     : offsetof(struct dovetap_event, origin);
	struct dovetap_event_origin origin;

	if (record.len < place + sizeof(origin))
		return;
	memcpy(&origin, record.ptr + place, sizeof(origin));
	login->file = origin.file;
	login->comm.ptr = record.ptr + place + offsetof(struct dovetap_event_origin, comm);
	login->comm.len = strnlen(origin.comm, sizeof(origin.comm));
}

/* One of before has none, and an origin of a newer version is none that this one knows. */
static void decode_process(struct slice record, const struct dovetap_event_head *head,
			   struct login *login)
{
	size_t place = is_long(head) ? offsetof(struct dovetap_event_long, process)
				     : offsetof(struct dovetap_event, process);
	struct login_process *to = &login->process;
	struct dovetap_event_process process;

	if (record.len < place + sizeof(process))
		return;
	memcpy(&process, record.ptr + place, sizeof(process));
	if (process.origin < DOVETAP_ORIGIN_COUNT)
		to->origin = process.origin;
	to->parent_uid = process.parent_uid;
	to->parent_pid = process.parent_pid;
	to->owner_uid = process.owner_uid;
	to->exe_uid = process.exe_uid;
	to->pid_ns = process.pid_ns;
	memcpy(to->exe, process.exe, sizeof(process.exe));
	memcpy(to->parent_exe, process.parent_exe, sizeof(process.parent_exe));
}

int decode_event(struct slice record, struct login *login_r, struct error *error_r)
{
	struct dovetap_event_head head;
	struct login login = {0};
	int ret;

	if (record.len < sizeof(head))
		return error_set(error_r, EBADMSG, "event of %zu bytes is too short", record.len);
	/* A copy: the record of a file has no alignment. */
	memcpy(&head, record.ptr, sizeof(head));
	ret = check_head(&head, record.len, error_r);
	if (ret < 0)
		return ret;
	ret = check_seal(record, &head, error_r);
	if (ret < 0)
		return ret;
	decode_numbers(&head, &login);
	decode_origin(record, &head, &login);
	decode_process(record, &head, &login);
	ret = decode_texts(record, &head, &login, error_r);
	if (ret == 0)
		ret = decode_ip(&login, DOVETAP_FIELD_REMOTE_IP, head.remote_family, head.remote_ip,
				&login.remote_ip, error_r);
	if (ret == 0)
		ret = decode_ip(&login, DOVETAP_FIELD_LOCAL_IP, head.local_family, head.local_ip,
				&login.local_ip, error_r);
	if (ret == 0)
		ret = decode_tail(record, &head, &login, error_r);
	if (ret == 0)
		*login_r = login;
	return ret;
}
