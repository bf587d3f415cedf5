# Language level, warnings, sanitizers and build accelerators: everything that holds for all targets.

option(WEIR_BUILD_TESTS "Build the test binaries" ON)
option(WEIR_DEBUG_SYMBOLS "Function names and lines for debuggers, as the packages of debug symbols have them" OFF)
option(WEIR_SYNTAX_ONLY "Let the compiler check every source (for its analyses) without producing code" OFF)
option(WEIR_QUICK_BUILD "For a tree that is tested once: sources in groups, benchmarks whose results alone count
  without optimization, tests by Clang, sanitizers without lines" OFF)
set(WEIR_SANITIZER "" CACHE STRING "Sanitizer to build with: empty, address (with undefined) or thread")
set_property(CACHE WEIR_SANITIZER PROPERTY STRINGS "" address thread)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Everything is position independent: the same module libraries end up in executables,
# in plugins and in libweir-local.so.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

add_library(weir_options INTERFACE)
target_compile_options(weir_options INTERFACE
  -Wall -Wextra -Werror -Wno-missing-field-initializers
  # GCC 12 reports these inside libstdc++ for correct code once it inlines (GCC bugs 105329, 105651, 107852).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread;-Wno-array-bounds>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-free-nonheap-object>
  # Clang 19 reports what std::stable_sort of GCC 12's library uses inside.
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety;-Wno-unused-lambda-capture;-Wno-deprecated-declarations>)
# Sanitizer builds are for finding faults, and what tests (targets marked by weir_mark_tests) cost is compiling
# templates that run once: neither is optimized. Four tests of windows take 63 CPU seconds at -O1 and 40 at -O0, Asio
# under AddressSanitizer 49 and 15. Jobs of benchmarks and of the clusters in tests are compiled as users do it.
set(is_test $<BOOL:$<TARGET_PROPERTY:WEIR_TEST>>)
if(WEIR_SANITIZER)
  string(REPLACE "-O3" "-O0" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
else()
  target_compile_options(weir_options INTERFACE $<$<NOT:$<CONFIG:Debug>>:$<IF:${is_test},-O0,-O2>>)
endif()

# What is shipped is compiled by GCC and tested as it is. The tests themselves, though, Clang compiles in half of the
# time (a unit of window tests in 20 CPU seconds, not 40), and that is what a tree that is tested once spends most on.
set(tests_by_clang OFF)
if(WEIR_QUICK_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  find_program(WEIR_TEST_COMPILER clang++-19)
  if(WEIR_TEST_COMPILER)
    set(tests_by_clang ON)
    target_compile_options(weir_options INTERFACE
      $<${is_test}:-Wno-unknown-warning-option;-Wno-unused-command-line-argument>
      $<${is_test}:-Wno-unused-lambda-capture;-Wno-deprecated-declarations>)
  endif()
endif()

if(WEIR_DEBUG_SYMBOLS)
  add_compile_options(-g1)
endif()

# With lines a report names the place, without them the function; the lines are a seventh of what compiling costs.
set(lines $<IF:$<BOOL:${WEIR_QUICK_BUILD}>,-g0,-g1>)
if(WEIR_SANITIZER STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer ${lines})
  # A function of a plugin has its own copy of the hidden types in its signature, which Clang takes for other types.
  add_compile_options($<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  add_link_options(-fsanitize=address,undefined)
elseif(WEIR_SANITIZER STREQUAL "thread")
  # GCC 12 has no instrumentation for std::atomic_thread_fence and says so: the engine uses none.
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer ${lines})
  # Asio puts fences around handlers; what orders them is the mutex of its queue, which the sanitizer understands.
  add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  add_link_options(-fsanitize=thread)
elseif(NOT WEIR_SANITIZER STREQUAL "")
  message(FATAL_ERROR "WEIR_SANITIZER is '${WEIR_SANITIZER}'; it may be empty, 'address' or 'thread'")
endif()

if(WEIR_SYNTAX_ONLY)
  # Objects become empty stamps, so that ninja still knows what is up to date; what would read them is replaced too.
  set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
  set(touch "<CMAKE_COMMAND> -E touch <TARGET>")
  set(CMAKE_CXX_COMPILE_OBJECT
    "<CMAKE_CXX_COMPILER> <DEFINES> <INCLUDES> <FLAGS> -fsyntax-only <SOURCE>" "<CMAKE_COMMAND> -E touch <OBJECT>")
  set(CMAKE_CXX_ARCHIVE_CREATE "${touch}")
  set(CMAKE_CXX_ARCHIVE_APPEND "${touch}")
  set(CMAKE_CXX_ARCHIVE_FINISH "")
  set(CMAKE_CXX_LINK_EXECUTABLE "${touch}")
  set(CMAKE_CXX_CREATE_SHARED_LIBRARY "${touch}")
  set(CMAKE_CXX_CREATE_SHARED_MODULE "${touch}")
endif()

find_program(WEIR_CCACHE ccache)
if(NOT CMAKE_CXX_COMPILER_LAUNCHER AND NOT WEIR_SYNTAX_ONLY)
  set(launcher "")
  if(WEIR_CCACHE)
    # base_dir and no_hash_dir let build trees of one checkout share results; the sloppiness is what ccache's
    # manual asks for with precompiled headers.
    set(launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
      "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime")
    set(CMAKE_C_COMPILER_LAUNCHER "${WEIR_CCACHE}")
    set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher} "${WEIR_CCACHE}")
  endif()
  if(tests_by_clang)
    set(WEIR_TEST_LAUNCHER ${launcher} "${CMAKE_CURRENT_LIST_DIR}/compile_in_place.sh" "${WEIR_TEST_COMPILER}")
  endif()
endif()
find_program(WEIR_MOLD mold)
if(WEIR_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

include(GNUInstallDirs)
