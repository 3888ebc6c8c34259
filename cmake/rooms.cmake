# SPDX-License-Identifier: Apache-2.0
# rowcall_room(NAME SOURCES ... [USES ...] [PRIVATE_USES ...] [TESTS ...] [TEST_USES ...])
#
# One static library for one room of src/, and one test program for the unit tests that stand beside its
# files. USES names the rooms below it and the libraries its headers show; PRIVATE_USES those that only
# its .cc files see.
function(rowcall_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES;PRIVATE_USES;TESTS;TEST_USES" ${ARGN})
  add_library(rowcall_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(rowcall_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(rowcall_${name} PUBLIC rowcall_include ${ROOM_USES}
                        PRIVATE rowcall_flags ${ROOM_PRIVATE_USES})
  if(ROWCALL_TESTS AND ROOM_TESTS)
    add_executable(rowcall_${name}_test ${ROOM_TESTS})
    target_link_libraries(rowcall_${name}_test PRIVATE rowcall_${name} rowcall_flags ${ROOM_PRIVATE_USES}
                          ${ROOM_TEST_USES} GTest::gmock GTest::gtest_main)
    add_test(NAME unit.${name} COMMAND rowcall_${name}_test)
    set_tests_properties(unit.${name} PROPERTIES TIMEOUT 900 LABELS unit)
  endif()
endfunction()
