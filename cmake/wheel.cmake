# SPDX-License-Identifier: Apache-2.0
# rowcall_wheel_link(TARGET): links what goes into a wheel so that it runs from glibc 2.34 on. libstdc++ goes
# inside, since an older system's is too old; libgcc_s stays outside, since ours would need glibc 2.35.
# tools/dev/symbol_ceiling.py checks the result.
function(rowcall_wheel_link target)
  if(NOT ROWCALL_WHEEL)
    return()
  endif()
  target_sources(${target} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/glibc_2_34.c")
  target_link_options(${target} PRIVATE -s -static-libstdc++ -Wl,--exclude-libs,ALL -Wl,--as-needed)
endfunction()
