/* SPDX-License-Identifier: MIT */
/* Stands in for Dovecot's master, of which discovery only sees that it runs. */
#include <unistd.h>

int main(void)
{
	pause();
	return 0;
}
