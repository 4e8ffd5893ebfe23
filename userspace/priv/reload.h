/* SPDX-License-Identifier: MIT */
/*
 * Messages between an attacher and the resolver that it has started at SIGHUP: one each way over a
 * socketpair (SOCK_SEQPACKET).
 *
 *	attacher → resolver	RELOAD, with the configuration in force (priv/resolution.h), which
 *				includes the command line
 *	resolver → attacher	RELOADED, with the new one; or, without, why the old one stays
 */
#ifndef DOVETAP_PRIV_RELOAD_H
#define DOVETAP_PRIV_RELOAD_H

#include "base/error.h"

/* The attacher's side. 0 or a negative errno. */
int reload_request(int channel, int configuration);

/*
 * Takes the answer, waiting unless the socket does not. Returns the new configuration's descriptor,
 * the caller's; or a negative errno and what the resolver could not do. -EAGAIN: not yet.
 */
int reload_take_answer(int channel, struct error *error_r);

/* The resolver's side. Returns the configuration's descriptor, or a negative errno. */
int reload_take_request(int channel, struct error *error_r);

/* configuration < 0: error is why. 0 or a negative errno. */
int reload_answer(int channel, int configuration, const struct error *error);

#endif
