# SPDX-License-Identifier: Apache-2.0
# One call declares a folder: what it is made of, which folders it may include, which outside libraries it needs.
#
#   datong_module(ledger
#     SOURCES  ledger_entry.cc ledger_reader.cc
#     USES     base broker proto            # our folders; transitive ones must be named too if included
#     PACKAGES absl openssl)                # names from datong_packages.cmake
#
#   THREADS says that its tests start threads: they run under the thread sanitizer too.
#
# Makes the library datong_<name>. Its unit tests are tests/unit/<same path>/*_test.cc, linked into the one executable
# <name>_test; TEST_USES and TEST_PACKAGES name what only the tests need.
function(datong_module name)
  cmake_parse_arguments(ARG "THREADS" "" "SOURCES;USES;PACKAGES;TEST_USES;TEST_PACKAGES" ${ARGN})
  set(target datong_${name})
  if(ARG_SOURCES)
    add_library(${target} STATIC ${ARG_SOURCES})
    datong_takes_precompiled(${target} datong_headers)
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope} ${PROJECT_SOURCE_DIR})
  foreach(used ${ARG_USES})
    target_link_libraries(${target} ${scope} datong_${used})
  endforeach()
  foreach(package ${ARG_PACKAGES})
    target_link_libraries(${target} ${scope} ${DATONG_PACKAGE_${package}})
  endforeach()
  target_link_libraries(${target} ${scope} Threads::Threads)

  file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${path}/*_test.cc)
  if(tests)
    set(labels unit)
    if(ARG_THREADS)
      list(APPEND labels threads)
    endif()
    datong_test(${name}_test LABELS ${labels} SOURCES ${tests} USES ${name} ${ARG_TEST_USES} PACKAGES ${ARG_TEST_PACKAGES})
  endif()
endfunction()

# The target tests-<label> builds what the tests with that label run.
function(datong_needed_by_tests target)
  foreach(label ${ARGN})
    if(NOT TARGET tests-${label})
      add_custom_target(tests-${label})
    endif()
    add_dependencies(tests-${label} ${target})
  endforeach()
endfunction()

# A Catch2 executable: datong_test(NAME LABELS unit|conformance|threads... SOURCES ... USES ... PACKAGES ...).
function(datong_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LABELS;SOURCES;USES;PACKAGES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  datong_takes_precompiled(${name} datong_test_headers)
  target_link_libraries(${name} PRIVATE datong_catch_main)
  foreach(used ${ARG_USES})
    target_link_libraries(${name} PRIVATE datong_${used})
  endforeach()
  foreach(package ${ARG_PACKAGES})
    target_link_libraries(${name} PRIVATE ${DATONG_PACKAGE_${package}})
  endforeach()
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  # Should a case hang, the times of those before it tell which one.
  add_test(NAME ${name} COMMAND ${name} --durations yes)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
  datong_needed_by_tests(${name} ${ARG_LABELS})
endfunction()
