/* SPDX-License-Identifier: MIT */
/*
 * Bytes of one record -> struct login. Trusts nothing: a record comes from the kernel, but also
 * from recorded files and from a ring that another version filled.
 */
#ifndef DOVETAP_DECODE_H
#define DOVETAP_DECODE_H

#include "base/error.h"
#include "login/login.h"

/*
 * Fills *login_r with views into the record. Errors, all with a text:
 *	-EPROTO     another major version, or an event type that this version does not know
 *	-EILSEQ     mixed: the task or the object at its end is not that of its beginning
 *	-EBADMSG    too short, a length outside its slot, an impossible address family
 */
int decode_event(struct slice record, struct login *login_r, struct error *error_r);

#endif
