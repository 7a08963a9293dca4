/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Machine addresses under Xen. What a paravirtualized Linux takes for physical memory is a
 * numbering of its own; Xen tells it which frame of the machine each page is, and devices know
 * those frames only. Linux keeps the list in its own memory, which it shows to root.
 */
#ifndef GUEST_XEN_MACHINE_H
#define GUEST_XEN_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The machine address of a byte of this program's memory; 0 with errno set if the page is not
 * present, or if this kernel is not one under Xen that shows its memory.
 */
uint64_t machine_address_of(const void *pointer);

/* A locked page of this program's own, filled with zeros; ends the program if there is none. */
unsigned char *machine_page(void);

#endif
