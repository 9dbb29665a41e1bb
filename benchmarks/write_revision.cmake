# SPDX-License-Identifier: Apache-2.0
# Run at every build: writes OUT with the revision of SOURCE, and leaves it alone when nothing changed.
cmake_minimum_required(VERSION 3.25)
find_package(Git QUIET)
set(DATONG_REVISION "unknown")
if(GIT_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(DATONG_REVISION "${head}")
    execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE} status --porcelain --untracked-files=no
      OUTPUT_VARIABLE changes ERROR_QUIET)
    if(changes)
      string(APPEND DATONG_REVISION "+changes")
    endif()
  endif()
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "#pragma once\n#define DATONG_REVISION \"@DATONG_REVISION@\"\n" @ONLY)
