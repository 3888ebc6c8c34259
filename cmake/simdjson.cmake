# SPDX-License-Identifier: Apache-2.0
# Target: simdjson::simdjson, compiled from source under a namespace of its own.
#
# libparquet of the pyarrow wheel holds another simdjson and shows all of its symbols. Whichever of two
# versions the loader finds first would serve both, and crashes when objects of one meet code of the other.
# The source archive comes from pip, as pysimdjson carries simdjson's two files unchanged.
set(SIMDJSON_SOURCE_DIR "" CACHE PATH "Folder with simdjson.h and simdjson.cpp, for a build without a package index")
if(SIMDJSON_SOURCE_DIR)
  set(_sj "${SIMDJSON_SOURCE_DIR}")
else()
  set(_sj_dir "${CMAKE_BINARY_DIR}/_deps/simdjson")
  set(_sj "${_sj_dir}/pysimdjson-7.0.2/simdjson")
  if(NOT EXISTS "${_sj}/simdjson.cpp")
    message(STATUS "Fetching simdjson's source archive with pip")
    execute_process(
      COMMAND ${CMAKE_COMMAND} -E env "PYTHONPATH=${CMAKE_CURRENT_LIST_DIR}/pip_stub" PYTHONDONTWRITEBYTECODE=1
              "${Python3_EXECUTABLE}" -m pip download --quiet --no-deps --no-build-isolation
              --no-binary pysimdjson --require-hashes -r "${CMAKE_CURRENT_LIST_DIR}/simdjson-source.txt"
              -d "${_sj_dir}"
      RESULT_VARIABLE _sj_failed)
    if(_sj_failed)
      message(FATAL_ERROR "pysimdjson 7.0.2 could not be fetched with pip; "
                          "pass -DSIMDJSON_SOURCE_DIR= with simdjson.h and simdjson.cpp")
    endif()
    file(ARCHIVE_EXTRACT INPUT "${_sj_dir}/pysimdjson-7.0.2.tar.gz" DESTINATION "${_sj_dir}")
  endif()
endif()

add_library(rowcall_simdjson STATIC "${_sj}/simdjson.cpp")
target_include_directories(rowcall_simdjson SYSTEM PUBLIC "${_sj}")
target_compile_definitions(rowcall_simdjson PUBLIC
  simdjson=rowcall_simdjson simdjson_fast_float=rowcall_simdjson_fast_float)
add_library(simdjson::simdjson ALIAS rowcall_simdjson)
