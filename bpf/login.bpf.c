/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry probes on Dovecot's own functions; the first argument is the object that describes the
 * login. userspace/dovecot/probes.c decides which of them are attached to which file. The programs
 * take plain entry semantics only, so perf-event and multi uprobes serve alike.
 *
 * The object is loaded once for each Dovecot layout on the host. There is no target in the section
 * names: nothing attaches by itself.
 */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "auth_request.bpf.h"
#include "mail_user.bpf.h"
#include "proxy.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* hook_mail_user_created(user): mail_user_init() has succeeded. */
SEC("uprobe")
int mail_user_created(struct pt_regs *ctx)
{
	return mail_user_hit(ctx, false);
}

/* mail_user_init(user): the fallback, before the outcome is known. */
SEC("uprobe")
int mail_user_init(struct pt_regs *ctx)
{
	return mail_user_hit(ctx, true);
}

/* auth_request_finished_event(request): once per request, success or failure. */
SEC("uprobe")
int auth_finished(struct pt_regs *ctx)
{
	return auth_hit(ctx, AUTH_FINISHED);
}

/* auth_request_proxy_finish(request): the fallback, for successes only. Lookups by doveadm pass
 * here too, without a client's handler. */
SEC("uprobe")
int auth_proxy_finished(struct pt_regs *ctx)
{
	return auth_hit(ctx, AUTH_SUCCESS);
}

/* auth_request_fail(request), since 2.4 auth_request_fail_with_reply(): what goes with it, for
 * failures. */
SEC("uprobe")
int auth_failed(struct pt_regs *ctx)
{
	return auth_hit(ctx, AUTH_FAILURE);
}

/* client_proxy_finish_destroy_client(client). */
SEC("uprobe")
int proxy_established(struct pt_regs *ctx)
{
	return proxy_hit(ctx);
}
