# SPDX-License-Identifier: BSD-2-Clause
# For GNU make: AMDVI_IVRS_SOURCES and AMDVI_IVRS_INCLUDES (a folder), wherever this file is included from.
AMDVI_IVRS_FOLDER   := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
AMDVI_IVRS_SOURCES  := $(addprefix $(AMDVI_IVRS_FOLDER)/,$(shell cat $(AMDVI_IVRS_FOLDER)/sources.txt))
AMDVI_IVRS_INCLUDES := $(AMDVI_IVRS_FOLDER)/include
