# SPDX-License-Identifier: Apache-2.0
# Every library rowcall uses. Why each one: docs/decisions/0002-libraries.md.
find_package(Threads REQUIRED)
if(ROWCALL_WHEEL)
  set(OPENSSL_USE_STATIC_LIBS ON)
  set(ZLIB_USE_STATIC_LIBS ON)
  set(ZLIB_LIBRARY "ZLIB_LIBRARY-NOTFOUND")
  find_library(ZLIB_LIBRARY NAMES libz.a)
endif()
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(Python3 COMPONENTS Interpreter REQUIRED)

# Asio and Beast, with their non-template code compiled once.
add_library(rowcall_asio STATIC "${CMAKE_CURRENT_LIST_DIR}/asio.cc")
target_link_libraries(rowcall_asio PUBLIC Boost::headers Threads::Threads OpenSSL::SSL OpenSSL::Crypto)
target_compile_definitions(rowcall_asio PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_DISABLE_BOOST_COROUTINE)
# Beast 1.81 asserts that an empty body in chunks does not come a byte at a time, and then reads it as it should:
# any server could end a build with assertions.
target_compile_definitions(rowcall_asio PRIVATE BOOST_DISABLE_ASSERTS)

# hiredis, only to write and read Redis's protocol; always the archive, so that the wheel needs no library of it.
find_path(HIREDIS_INCLUDE_DIR hiredis/hiredis.h REQUIRED)
find_library(HIREDIS_LIBRARY NAMES libhiredis.a hiredis REQUIRED)
add_library(rowcall_hiredis INTERFACE)
target_include_directories(rowcall_hiredis SYSTEM INTERFACE "${HIREDIS_INCLUDE_DIR}")
target_link_libraries(rowcall_hiredis INTERFACE "${HIREDIS_LIBRARY}")

# nanoarrow: the official source archive, fetched by pip with its hash, compiled here.
set(NANOARROW_SOURCE_DIR "" CACHE PATH "nanoarrow's C sources, for a build without a package index")
include(nanoarrow)
include(simdjson)

# Arrow C++: only the command line needs it.
if(ROWCALL_CLI)
  include(arrow)
  find_package(spdlog REQUIRED)
  find_package(CLI11 REQUIRED)
endif()
