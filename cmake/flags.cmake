# SPDX-License-Identifier: Apache-2.0
# Warnings, sanitizers and coverage, on one interface target that every room uses.
add_library(rowcall_flags INTERFACE)
target_compile_options(rowcall_flags INTERFACE -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow
                       -Wno-missing-field-initializers)
# Where the source lies on the building machine is nobody's business.
target_compile_options(rowcall_flags INTERFACE "-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=")
# g++ 12 reports these inside its own headers once they are inlined at -O2 (std::string, std::variant).
target_compile_options(rowcall_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized>)
if(ROWCALL_WERROR)
  target_compile_options(rowcall_flags INTERFACE -Werror)
endif()
if(ROWCALL_SANITIZE)
  add_compile_options(-fsanitize=${ROWCALL_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ROWCALL_SANITIZE})
endif()
if(ROWCALL_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
# Enough for stack traces; full debug information triples the build folder.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
# simdjson chooses its fastest form when it is compiled; SSE 4.2 is what Arrow asks for as well.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-msse4.2 -mpclmul)
endif()
