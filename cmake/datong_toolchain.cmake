# SPDX-License-Identifier: Apache-2.0
# Language level, warnings and the sanitizer of a preset (DATONG_SANITIZE: empty, address-undefined, thread).
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

find_program(DATONG_CCACHE ccache)
if(DATONG_CCACHE)
  # What a precompiled header stands on counts by content; ccache takes no such source at all unless told so.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${DATONG_CCACHE})
endif()
find_program(DATONG_LLD ld.lld)
if(DATONG_LLD)
  add_link_options(-fuse-ld=lld)
endif()

set(DATONG_SANITIZE "" CACHE STRING "address-undefined or thread")
if(DATONG_SANITIZE STREQUAL "address-undefined")
  # clang's, and with the marks that libFuzzer follows: one build serves the tests and the fuzzers.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(DATONG_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(NOT DATONG_SANITIZE STREQUAL "")
  message(FATAL_ERROR "DATONG_SANITIZE=${DATONG_SANITIZE} is not address-undefined or thread")
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wno-missing-field-initializers)
