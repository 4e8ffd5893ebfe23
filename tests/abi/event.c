/* SPDX-License-Identifier: MIT */
/* Prints where everything in event.h and exec.h lies and what every number in them is. */
#include "dovetap/event.h"

#include <stddef.h>
#include <stdio.h>

#include "dovetap/counters.h"
#include "dovetap/exec.h"

#define size(type)	    printf("sizeof %s %zu\n", #type, sizeof(struct type))
#define place(type, member) printf("%s.%s %zu\n", #type, #member, offsetof(struct type, member))
#define number(name)	    printf("%s %lld\n", #name, (long long)(name))

static void print_head(void)
{
	size(dovetap_event_head);
	place(dovetap_event_head, major);
	place(dovetap_event_head, type);
	place(dovetap_event_head, size);
	place(dovetap_event_head, boot_ns);
	place(dovetap_event_head, cgroup_id);
	place(dovetap_event_head, object);
	place(dovetap_event_head, pid);
	place(dovetap_event_head, tid);
	place(dovetap_event_head, uid);
	place(dovetap_event_head, mail_uid);
	place(dovetap_event_head, mail_gid);
	place(dovetap_event_head, passdb_result);
	place(dovetap_event_head, present);
	place(dovetap_event_head, truncated);
	place(dovetap_event_head, failed);
	place(dovetap_event_head, flags);
	place(dovetap_event_head, remote_family);
	place(dovetap_event_head, local_family);
	place(dovetap_event_head, remote_port);
	place(dovetap_event_head, local_port);
	place(dovetap_event_head, remote_ip);
	place(dovetap_event_head, local_ip);
	place(dovetap_event_head, length);
}

static void print_records(void)
{
	size(dovetap_event);
	place(dovetap_event, head);
#define DOVETAP_X(id, member, short_, long_) place(dovetap_event, member);
	DOVETAP_TEXT_FIELDS(DOVETAP_X)
#undef DOVETAP_X
	place(dovetap_event, tail);
	place(dovetap_event, seal);
	place(dovetap_event, origin);
	size(dovetap_event_long);
	place(dovetap_event_long, head);
#define DOVETAP_X(id, member, short_, long_) place(dovetap_event_long, member);
	DOVETAP_TEXT_FIELDS(DOVETAP_X)
#undef DOVETAP_X
	place(dovetap_event_long, tail);
	place(dovetap_event_long, seal);
	place(dovetap_event_long, origin);
	size(dovetap_event_tail);
	place(dovetap_event_tail, real_remote_family);
	place(dovetap_event_tail, real_local_family);
	place(dovetap_event_tail, real_remote_port);
	place(dovetap_event_tail, real_local_port);
	place(dovetap_event_tail, real_remote_ip);
	place(dovetap_event_tail, real_local_ip);
	size(dovetap_event_seal);
	place(dovetap_event_seal, object);
	place(dovetap_event_seal, pid);
	place(dovetap_event_seal, tid);
	size(dovetap_event_origin);
	place(dovetap_event_origin, file);
	place(dovetap_event_origin, comm);
	place(dovetap_event, process);
	place(dovetap_event_long, process);
	size(dovetap_event_process);
	place(dovetap_event_process, origin);
	place(dovetap_event_process, parent_uid);
	place(dovetap_event_process, parent_pid);
	place(dovetap_event_process, owner_uid);
	place(dovetap_event_process, exe_uid);
	place(dovetap_event_process, pid_ns);
	place(dovetap_event_process, exe);
	place(dovetap_event_process, parent_exe);
	size(dovetap_exec);
	place(dovetap_exec, pid);
	place(dovetap_exec, name);
}

static void print_numbers(void)
{
	number(DOVETAP_EVENT_MAJOR);
	number(DOVETAP_EVENT_MIN);
	number(DOVETAP_EVENT_LONG_MIN);
	number(DOVETAP_EVENT_MAIL_USER);
	number(DOVETAP_EVENT_AUTH);
	number(DOVETAP_EVENT_PROXY);
#define DOVETAP_X(id, member, short_, long_) number(DOVETAP_FIELD_##id);
	DOVETAP_TEXT_FIELDS(DOVETAP_X)
#undef DOVETAP_X
	number(DOVETAP_FIELD_REMOTE_IP);
	number(DOVETAP_FIELD_LOCAL_IP);
	number(DOVETAP_FIELD_REMOTE_PORT);
	number(DOVETAP_FIELD_LOCAL_PORT);
	number(DOVETAP_FIELD_MAIL_UID);
	number(DOVETAP_FIELD_PASSDB_RESULT);
	number(DOVETAP_FIELD_REAL_REMOTE_IP);
	number(DOVETAP_FIELD_REAL_LOCAL_IP);
	number(DOVETAP_FIELD_REAL_REMOTE_PORT);
	number(DOVETAP_FIELD_REAL_LOCAL_PORT);
	number(DOVETAP_FLAG_ANONYMOUS);
	number(DOVETAP_FLAG_ADMIN);
	number(DOVETAP_FLAG_AUTOCREATED);
	number(DOVETAP_FLAG_SESSION_RESTORED);
	number(DOVETAP_FLAG_SECURED);
	number(DOVETAP_FLAG_SUCCESSFUL);
	number(DOVETAP_FLAG_AUTH_ONLY);
	number(DOVETAP_FLAG_POLICY_REFUSAL);
	number(DOVETAP_FLAG_INTERNAL_FAILURE);
#define DOVETAP_X(id, name, lost) number(DOVETAP_COUNT_##id);
	DOVETAP_BPF_COUNTERS(DOVETAP_X)
#undef DOVETAP_X
	number(DOVETAP_ORIGIN_UNKNOWN);
	number(DOVETAP_ORIGIN_MASTER);
	number(DOVETAP_ORIGIN_ROOT);
	number(DOVETAP_ORIGIN_ROOTLESS);
	number(DOVETAP_ORIGIN_USER_MASTER);
	number(DOVETAP_ORIGIN_ALONE);
	number(DOVETAP_ORIGIN_UNRELATED);
	number(DOVETAP_ORIGIN_LEFT);
}

int main(void)
{
	print_head();
	print_records();
	print_numbers();
	return 0;
}
