/* SPDX-License-Identifier: MIT */
/* Names and numbers as seccomp_rule_add(3) wants them; what is allowed stands in sandbox_calls.h.
 */
#include "priv/sandbox.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/prctl.h>

#include "priv/sandbox_calls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int add_calls(scmp_filter_ctx filter, enum priv_process process)
{
	int ret = 0;

	for (size_t i = 0; i < COUNT(sandbox_calls) && ret == 0; i++) {
		int call = seccomp_syscall_resolve_name(sandbox_calls[i].name);

		/* One that this machine's libseccomp does not know is left out, not an error. */
		if ((sandbox_calls[i].processes & process) && call != __NR_SCMP_ERROR)
			ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
	}
	return ret;
}

static int add_conditions(scmp_filter_ctx filter, enum priv_process process)
{
	int ret = 0;

	for (size_t i = 0; i < COUNT(sandbox_conditions) && ret == 0; i++) {
		const struct sandbox_condition *c = &sandbox_conditions[i];

		if (c->processes & process)
			ret = seccomp_rule_add(
				filter, SCMP_ACT_ALLOW, c->call, 1,
				SCMP_CMP(c->argument, SCMP_CMP_MASKED_EQ, c->mask, c->value));
	}
	return ret;
}

/* A process may signal itself, as abort() does. Its children have pids of their own. */
static int add_signals_to_self(scmp_filter_ctx filter, enum priv_process process)
{
	if (process == PRIV_ATTACHER)
		return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 0);
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
}

static int fill(scmp_filter_ctx filter, enum priv_process process)
{
	/* no_new_privs is set below; libseccomp must not report a failure of its own attempt. */
	int ret = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);

	/* A tree instead of a list: the calls of the hot path are not behind all others. */
	if (ret == 0)
		ret = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (ret == 0)
		ret = add_calls(filter, process);
	if (ret == 0)
		ret = add_conditions(filter, process);
	if (ret == 0)
		ret = add_signals_to_self(filter, process);
	/* Its flags are in memory, where no filter can look. With ENOSYS the C library falls back
	 * to clone(). */
	if (ret == 0)
		ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return ret;
}

int priv_sandbox_enter(enum priv_process process, struct error *error_r)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int ret;

	if (!filter)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : fill(filter, process);
	if (ret == 0)
		ret = seccomp_load(filter);
	seccomp_release(filter);
	(void)malloc_trim(0); /* the lists took some hundred KiB, which nothing needs again */
	if (ret < 0)
		return error_set(error_r, -ret, "cannot enter the system call sandbox: %s",
				 strerror(-ret));
	return 0;
}
