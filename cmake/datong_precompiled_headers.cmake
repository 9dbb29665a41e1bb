# SPDX-License-Identifier: Apache-2.0
# Headers that nearly every source wants are parsed once a build and not once a source: of a source of ours the parsing takes
# more than half of the compiler's time, and a build machine compiles all of them three times (release and two sanitizers).
# A source includes what it uses all the same; the debug preset compiles without, so that what is missing shows.
option(DATONG_PRECOMPILED_HEADERS "parse the headers that nearly every source wants only once" ON)

set(DATONG_HEADERS_OF_ALL
    <absl/status/status.h> <absl/status/statusor.h> <absl/strings/str_cat.h>
    <algorithm> <array> <atomic> <chrono> <cstdint> <functional> <map> <memory> <mutex> <optional> <set> <string>
    <string_view> <utility> <vector>)

if(DATONG_PRECOMPILED_HEADERS)
  # One owner for the sources of the libraries, one for those of the tests; the others take theirs from it.
  add_library(datong_headers OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled_headers.cc)
  target_link_libraries(datong_headers PRIVATE ${DATONG_PACKAGE_absl} Threads::Threads)
  target_precompile_headers(datong_headers PRIVATE ${DATONG_HEADERS_OF_ALL})
  add_library(datong_test_headers OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled_headers.cc)
  target_link_libraries(datong_test_headers PRIVATE ${DATONG_PACKAGE_absl} Threads::Threads)
  target_precompile_headers(datong_test_headers PRIVATE ${DATONG_HEADERS_OF_ALL} <catch2/catch.hpp>)
  set_target_properties(datong_headers datong_test_headers PROPERTIES PCH_INSTANTIATE_TEMPLATES OFF)
endif()

# datong_takes_precompiled(TARGET datong_headers|datong_test_headers)
function(datong_takes_precompiled target owner)
  if(DATONG_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} REUSE_FROM ${owner})
    set_target_properties(${target} PROPERTIES PCH_INSTANTIATE_TEMPLATES OFF)
  endif()
endfunction()
