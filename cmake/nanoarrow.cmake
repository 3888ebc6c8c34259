# SPDX-License-Identifier: Apache-2.0
# Target: rowcall_nanoarrow. The archive's own CMakeLists.txt cannot be used as a subdirectory, and pip
# would run its build to learn its name; pip_stub/ answers instead.
if(NANOARROW_SOURCE_DIR)
  set(_na "${NANOARROW_SOURCE_DIR}")
else()
  set(_na_dir "${CMAKE_BINARY_DIR}/_deps/nanoarrow")
  set(_na "${_na_dir}/nanoarrow-0.9.0/subprojects/arrow-nanoarrow")
  if(NOT EXISTS "${_na}/src/nanoarrow/nanoarrow.h")
    message(STATUS "Fetching nanoarrow's source archive with pip")
    execute_process(
      COMMAND ${CMAKE_COMMAND} -E env "PYTHONPATH=${CMAKE_CURRENT_LIST_DIR}/pip_stub" PYTHONDONTWRITEBYTECODE=1
              "${Python3_EXECUTABLE}" -m pip download --quiet --no-deps --no-build-isolation
              --no-binary nanoarrow --require-hashes -r "${CMAKE_CURRENT_LIST_DIR}/nanoarrow-source.txt"
              -d "${_na_dir}"
      RESULT_VARIABLE _na_failed)
    if(_na_failed)
      message(FATAL_ERROR "nanoarrow 0.9.0 could not be fetched with pip; "
                          "pass -DNANOARROW_SOURCE_DIR= with its unpacked C sources")
    endif()
    file(ARCHIVE_EXTRACT INPUT "${_na_dir}/nanoarrow-0.9.0.tar.gz" DESTINATION "${_na_dir}")
  endif()
endif()

set(NANOARROW_VERSION_MAJOR 0)
set(NANOARROW_VERSION_MINOR 9)
set(NANOARROW_VERSION_PATCH 0)
set(NANOARROW_VERSION "0.9.0")
# Every symbol gets a prefix of ours, so that another nanoarrow in the same process is no trouble.
set(NANOARROW_NAMESPACE_DEFINE "#define NANOARROW_NAMESPACE RowcallNA")
configure_file("${_na}/src/nanoarrow/nanoarrow_config.h.in"
               "${CMAKE_BINARY_DIR}/_deps/nanoarrow/generated/nanoarrow/nanoarrow_config.h" @ONLY)

add_library(rowcall_nanoarrow STATIC
  "${_na}/src/nanoarrow/common/array.c"
  "${_na}/src/nanoarrow/common/schema.c"
  "${_na}/src/nanoarrow/common/array_stream.c"
  "${_na}/src/nanoarrow/common/utils.c")
target_include_directories(rowcall_nanoarrow SYSTEM PUBLIC
  "${_na}/src" "${CMAKE_BINARY_DIR}/_deps/nanoarrow/generated")
