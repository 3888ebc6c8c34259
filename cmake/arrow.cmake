# SPDX-License-Identifier: Apache-2.0
# Targets rowcall_arrow, rowcall_parquet, rowcall_arrow_s3: an Arrow C++ install if CMake finds one, else
# the libraries inside the pinned pyarrow wheel (-DPYARROW_DIR=, or the configured Python's own pyarrow).
find_package(Arrow 25 CONFIG QUIET)
find_package(Parquet 25 CONFIG QUIET)
if(Arrow_FOUND AND Parquet_FOUND AND NOT PYARROW_DIR)
  add_library(rowcall_arrow ALIAS Arrow::arrow_shared)
  add_library(rowcall_parquet ALIAS Parquet::parquet_shared)
  find_package(ArrowS3 CONFIG QUIET)
  if(TARGET ArrowS3::arrow_s3_shared)
    add_library(rowcall_arrow_s3 ALIAS ArrowS3::arrow_s3_shared)
  else()
    add_library(rowcall_arrow_s3 ALIAS Arrow::arrow_shared)
  endif()
  return()
endif()

if(NOT PYARROW_DIR)
  execute_process(
    COMMAND "${Python3_EXECUTABLE}" -c "import pyarrow, os; print(os.path.dirname(pyarrow.__file__))"
    OUTPUT_VARIABLE PYARROW_DIR OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE _missing ERROR_QUIET)
  if(_missing)
    message(FATAL_ERROR "No Arrow C++ found. ./dev build sets everything up; by hand: "
                        "pip install pyarrow==26.0.1 and configure with that Python "
                        "(-DPython3_EXECUTABLE=...), or pass -DPYARROW_DIR=.../pyarrow")
  endif()
endif()
get_filename_component(PYARROW_DIR "${PYARROW_DIR}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
file(STRINGS "${PYARROW_DIR}/include/arrow/util/config.h" _arrow_so REGEX "define ARROW_SO_VERSION ")
string(REGEX REPLACE ".*\"([0-9]+)\".*" "\\1" _arrow_so "${_arrow_so}")
message(STATUS "Arrow C++ from the pyarrow wheel, library version ${_arrow_so}")

foreach(_lib arrow parquet arrow_s3)
  set(_file "${PYARROW_DIR}/lib${_lib}.so.${_arrow_so}")
  if(EXISTS "${_file}")
    add_library(rowcall_${_lib} SHARED IMPORTED GLOBAL)
    set_target_properties(rowcall_${_lib} PROPERTIES
      IMPORTED_LOCATION "${_file}" INTERFACE_INCLUDE_DIRECTORIES "${PYARROW_DIR}/include")
    list(APPEND ROWCALL_ARROW_FILES "${_file}")
    if(NOT _lib STREQUAL "arrow")
      target_link_libraries(rowcall_${_lib} INTERFACE rowcall_arrow)
    endif()
  endif()
endforeach()
if(NOT TARGET rowcall_arrow_s3)
  add_library(rowcall_arrow_s3 ALIAS rowcall_arrow)
endif()

# libparquet of the wheel also shows the OpenSSL inside it, without symbol versions: found first, it would
# serve our calls too, with another version's structures (it crashed in X509_STORE_set_default_paths). The
# system's OpenSSL therefore comes first in every program.
target_link_options(rowcall_arrow INTERFACE
  "SHELL:-Wl,--push-state,--no-as-needed ${OPENSSL_SSL_LIBRARY} ${OPENSSL_CRYPTO_LIBRARY} -Wl,--pop-state")
