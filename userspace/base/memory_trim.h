/* SPDX-License-Identifier: MIT */
/* Memory that only the start of a process needs. */
#ifndef DOVETAP_BASE_MEMORY_TRIM_H
#define DOVETAP_BASE_MEMORY_TRIM_H

/*
 * To be called once when a process has begun its work: gives freed memory of the heap back, and
 * unmaps the code and constants of program and libraries until they are used again, which costs a
 * minor fault for each 64 KiB. What is idle then has few pages; nothing that was written is lost.
 *
 * A breakpoint that a debugger or an uprobe has set in this process before is lost.
 */
void memory_trim(void);

#endif
