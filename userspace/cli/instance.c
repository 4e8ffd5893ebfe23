/* SPDX-License-Identifier: MIT */
#include "cli/instance.h"

#include "attach/pins.h"
#include "base/log.h"
#include "priv/lock.h"
#include "serve/systemd_fd_store.h"

#include <errno.h>
#include <unistd.h>

/* On a file system that cannot be written the logins are more important than the lock. */
static int take_lock(struct keep *keep, const char *state_dir, struct error *error_r)
{
	int fd = lock_take(state_dir, error_r);

	if (fd == -EBUSY)
		return fd;
	if (fd < 0)
		log_warning("%s; a second dovetap would not be noticed", error_r->text);
	keep->lock_fd = fd < 0 ? -1 : fd;
	return 0;
}

int keep_open(struct keep *keep, const char *state_dir, const char *pin_dir, struct error *error_r)
{
	int ret;

	*keep = (struct keep){.lock_fd = -1};
	ret = take_lock(keep, state_dir, error_r);
	if (ret == 0 && pin_dir[0])
		ret = pins_open(pin_dir, &keep->pins, error_r);
	if (ret < 0)
		return ret;
	if (keep->pins)
		keep->list[keep->count++] = pins_keeper(keep->pins);
	if (fd_store_available())
		keep->list[keep->count++] = fd_store_keeper();
	return 0;
}

void keep_close(struct keep *keep)
{
	pins_close(&keep->pins);
	if (keep->lock_fd >= 0)
		close(keep->lock_fd);
	*keep = (struct keep){.lock_fd = -1};
}
