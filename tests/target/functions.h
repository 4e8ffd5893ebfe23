/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for Dovecot's probed functions: a shared library that exports them under their own
 * names, calls them from inside as Dovecot does, and carries an ABI string. What the argument
 * points to is made by image.h.
 *
 * Built several times: libtarget.so, libtarget-cet.so (functions begin with endbr64),
 * libtarget-unknown.so (an ABI that no table has) and libtarget-moved.so (another first instruction
 * at the same place).
 */
#ifndef DOVETAP_TARGET_FUNCTIONS_H
#define DOVETAP_TARGET_FUNCTIONS_H

extern const char target_abi[];

/* The probed functions. */
int mail_user_init(void *user, const char **error_r);
void hook_mail_user_created(void *user);
void auth_request_finished_event(void *request);
void auth_request_proxy_finish(void *request);
void auth_request_fail(void *request);
void auth_request_fail_with_reply(void *request);
void client_proxy_finish_destroy_client(void *client);

/* What calls them in Dovecot. */
void target_auth_request_success(void *request);
void target_auth_request_failure(void *request);
void target_proxy_input(void *client);

#endif
