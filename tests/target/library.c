/* SPDX-License-Identifier: MIT */
/* Stands in for libdovecot.so, of which discovery only wants to know who needs it, and for what. */
extern const int target_library;
const int target_library = 1;

int master_instance_list_update(void);
int master_instance_list_update(void)
{
	return 1;
}
