/* SPDX-License-Identifier: BSD-2-Clause */
/* The checks of testing/check.h, with one state for all files of the program. */
#ifndef CONFORMANCE_CHECKS_H
#define CONFORMANCE_CHECKS_H

#ifdef TESTING_CHECK_H
#error "include checks.h, not check.h: each file would count for itself"
#endif
#define CHECK_SHARED

#include "check.h"

#endif
