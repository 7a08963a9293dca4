# SPDX-License-Identifier: BSD-2-Clause
# For GNU make: AMDVI_DRIVER_SOURCES and AMDVI_DRIVER_INCLUDES (a folder), wherever this file is included from.
AMDVI_DRIVER_FOLDER   := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
AMDVI_DRIVER_SOURCES  := $(addprefix $(AMDVI_DRIVER_FOLDER)/,$(shell cat $(AMDVI_DRIVER_FOLDER)/sources.txt))
AMDVI_DRIVER_INCLUDES := $(AMDVI_DRIVER_FOLDER)/include
