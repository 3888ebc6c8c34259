// SPDX-License-Identifier: Apache-2.0
// nanoarrow reports errors as errno values; those of building in memory can only mean a bug or no memory.
#pragma once

#include <nanoarrow/nanoarrow.h>

#include "base/assert.h"

#define ROWCALL_NA(call) ROWCALL_ASSERT((call) == NANOARROW_OK, "building an Arrow structure in memory")
