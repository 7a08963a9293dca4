# SPDX-License-Identifier: BSD-2-Clause
# For GNU make: AMDVI_ARCH_SOURCES and AMDVI_ARCH_INCLUDES (a folder), wherever this file is included from.
AMDVI_ARCH_FOLDER   := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
AMDVI_ARCH_SOURCES  := $(addprefix $(AMDVI_ARCH_FOLDER)/,$(shell cat $(AMDVI_ARCH_FOLDER)/sources.txt))
AMDVI_ARCH_INCLUDES := $(AMDVI_ARCH_FOLDER)/include
