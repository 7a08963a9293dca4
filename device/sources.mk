# SPDX-License-Identifier: BSD-2-Clause
# For GNU make: AMDVI_DEVICE_SOURCES and AMDVI_DEVICE_INCLUDES (a folder), wherever this file is included from.
AMDVI_DEVICE_FOLDER   := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
AMDVI_DEVICE_SOURCES  := $(addprefix $(AMDVI_DEVICE_FOLDER)/,$(shell cat $(AMDVI_DEVICE_FOLDER)/sources.txt))
AMDVI_DEVICE_INCLUDES := $(AMDVI_DEVICE_FOLDER)/include
