/* SPDX-License-Identifier: MIT */
#include "target/functions.h"

#ifndef TARGET_ABI
#define TARGET_ABI "2.3.ABIv19(2.3.19.1)"
#endif

const char target_abi[] = TARGET_ABI;

/* Keeps a function from being inlined or merged with one that looks the same. */
#define work(argument) __asm__ volatile("" : : "r"(argument) : "memory")

__attribute__((noinline)) void hook_mail_user_created(void *user)
{
#ifdef TARGET_MOVED
	__asm__ volatile("nop");
#endif
	work(user);
}

__attribute__((noinline)) int mail_user_init(void *user, const char **error_r)
{
	work(error_r);
	hook_mail_user_created(user);
	return 0;
}

__attribute__((noinline)) void auth_request_finished_event(void *request)
{
	work(request);
}

__attribute__((noinline)) void auth_request_proxy_finish(void *request)
{
	work(request);
}

void target_auth_request_success(void *request)
{
	auth_request_finished_event(request);
	auth_request_proxy_finish(request);
}

__attribute__((noinline)) void auth_request_fail(void *request)
{
	work(request);
}

__attribute__((noinline)) void auth_request_fail_with_reply(void *request)
{
	work(request);
}

void target_auth_request_failure(void *request)
{
	auth_request_fail(request);
	auth_request_fail_with_reply(request);
	auth_request_finished_event(request);
}

__attribute__((noinline)) void client_proxy_finish_destroy_client(void *client)
{
	work(client);
}

/* In Dovecot itself nobody in the library calls it. */
#ifndef TARGET_WITHOUT_CALLERS
void target_proxy_input(void *client)
{
	client_proxy_finish_destroy_client(client);
}
#endif
