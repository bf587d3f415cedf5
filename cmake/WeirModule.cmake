# The functions every folder uses to declare what it builds.

include(WeirJob)
set(WEIR_JOB_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/jobs")

# weir_add_module(<name> SOURCES … [DEPENDS module…] [EXTERNAL target…])
# A static library `weir_<name>` (alias `weir::<name>`). DEPENDS names other modules and is public; EXTERNAL names
# outside libraries and stays private to the module's .cc files.
function(weir_add_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;EXTERNAL" ${ARGN})
  set(target "weir_${name}")
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(weir::${name} ALIAS ${target})
  target_include_directories(${target} PUBLIC "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE weir_options)
  foreach(module IN LISTS arg_DEPENDS)
    target_link_libraries(${target} PUBLIC weir_${module})
  endforeach()
  target_link_libraries(${target} PRIVATE ${arg_EXTERNAL})
  weir_join_sources(${target})
  set_property(GLOBAL APPEND PROPERTY WEIR_PRODUCTS ${target})
endfunction()

# weir_join_sources(<target>): compiles sources in groups where that is done to find faults only, so that a group reads
# and instantiates its heavy headers once: a third less. What is shipped, and what a person changes file by file, is
# compiled file by file.
function(weir_join_sources target)
  if(WEIR_SANITIZER OR WEIR_SYNTAX_ONLY OR WEIR_QUICK_BUILD)
    weir_join_in_groups(${target} 6)
  endif()
endfunction()

function(weir_join_in_groups target size)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${size})
  # In a group each source counts as a header, whose types should not use the unnamed namespace.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

# weir_add_connector(<kind> SOURCES … [EXTERNAL target…])
# A static library `weir_connector_<kind>` (alias and installed target `weir::<kind>`) that sees the SDK and its own
# client library only. Its public headers lie in connectors/<kind>/include and are installed with the SDK's.
function(weir_add_connector kind)
  cmake_parse_arguments(arg "" "" "SOURCES;EXTERNAL" ${ARGN})
  set(target "weir_connector_${kind}")
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(weir::${kind} ALIAS ${target})
  target_include_directories(${target}
    PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${target} PUBLIC weir_sdk PRIVATE $<BUILD_INTERFACE:weir_options> ${arg_EXTERNAL})
  weir_join_sources(${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${kind})
  set_property(GLOBAL APPEND PROPERTY WEIR_CONNECTORS ${target})
  set_property(GLOBAL APPEND PROPERTY WEIR_PRODUCTS ${target})
  install(DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT sdk)
endfunction()

# weir_add_program(<name> SOURCES … DEPENDS module… [EXTERNAL target…] [DESTINATION folder])
# An executable of ours, linked with the static form of the RPC libraries, installed to bin/ or to DESTINATION.
function(weir_add_program name)
  cmake_parse_arguments(arg "" "DESTINATION" "SOURCES;DEPENDS;EXTERNAL" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE weir_options)
  foreach(module IN LISTS arg_DEPENDS)
    target_link_libraries(${name} PRIVATE weir_${module})
  endforeach()
  # A sanitizer tells reports about uninstrumented libraries apart by the shared object they come from.
  if(WEIR_SANITIZER)
    set(rpc_libraries weir_rpc_shared)
  else()
    set(rpc_libraries weir_rpc_static)
  endif()
  target_link_libraries(${name} PRIVATE ${arg_EXTERNAL} ${rpc_libraries})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  if(NOT arg_DESTINATION)
    set(arg_DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
  install(TARGETS ${name} RUNTIME DESTINATION "${arg_DESTINATION}" COMPONENT runtime)
  set_property(GLOBAL APPEND PROPERTY WEIR_PRODUCTS ${name})
endfunction()

# weir_mark_tests(<target>…): these are compiled as tests are (WeirOptions), not as what is shipped or measured.
function(weir_mark_tests)
  set_target_properties(${ARGN} PROPERTIES WEIR_TEST ON)
  if(WEIR_TEST_LAUNCHER)
    set_target_properties(${ARGN} PROPERTIES CXX_COMPILER_LAUNCHER "${WEIR_TEST_LAUNCHER}")
  endif()
endfunction()

# weir_add_test_binary(<name> SOURCES … DEPENDS module… [EXTERNAL target…] [LABELS label…] [TIMEOUT seconds]
#                      [PROGRAMS target…] [SERIAL] [JOINED])
# One GoogleTest binary, registered as ONE ctest test: a process per test case would double the suite's time.
# PROGRAMS are executables and plugins the test starts or loads: they are built before it. Labels are listed at
# weir_register_test. JOINED compiles several sources at a time, in every build: where most of what a source costs is
# instantiating the same templates of the SDK, that saves two fifths. (Their unnamed namespaces then are one.)
function(weir_add_test_binary name)
  cmake_parse_arguments(arg "SERIAL;JOINED" "TIMEOUT" "SOURCES;DEPENDS;EXTERNAL;LABELS;PROGRAMS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  if(arg_JOINED)
    weir_join_in_groups(${name} 4)
  endif()
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE weir_options)
  foreach(module IN LISTS arg_DEPENDS)
    target_link_libraries(${name} PRIVATE weir_${module})
  endforeach()
  target_link_libraries(${name} PRIVATE ${arg_EXTERNAL} GTest::gtest GTest::gmock GTest::gtest_main weir_rpc_shared)
  weir_reuse_precompiled(${name} weir_test_precompiled
    HEADERS <gmock/gmock.h> <gtest/gtest.h>
    LIBRARIES GTest::gtest GTest::gmock)
  # A precompiled header is read at the level of optimization that it was made with.
  weir_mark_tests(${name} weir_test_precompiled)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  add_test(NAME ${name} COMMAND ${name})
  weir_register_test(${name} "${arg_LABELS}" "${arg_TIMEOUT}" ${arg_SERIAL} ${name} ${arg_PROGRAMS})
endfunction()

# weir_add_test_script(<name> COMMAND program argument… [LABELS label…] [TIMEOUT seconds] [PROGRAMS target…] [SERIAL])
# A script as a test. It prints a last line `N passed, N failed[, N skipped]`, or counts as one case.
function(weir_add_test_script name)
  cmake_parse_arguments(arg "SERIAL" "TIMEOUT" "COMMAND;LABELS;PROGRAMS" ${ARGN})
  add_test(NAME ${name} COMMAND ${arg_COMMAND})
  weir_register_test(${name} "${arg_LABELS}" "${arg_TIMEOUT}" ${arg_SERIAL} ${arg_PROGRAMS})
endfunction()

# weir_register_test(<test> <labels> <timeout> <serial> target…)
# Gives a test its properties. The target weir_needs_<test> builds what it needs, weir_tests_<label> what all tests of a
# label need. Labels:
#   unit        no other process, no network beyond loopback sockets of its own
#   cluster     starts a cluster, in one process or as processes; bounded in time
#   kafka       talks to a broker
#   repository  reads the source tree
#   install     builds against an installed copy
#   soak        long; only `./dev test --all` runs it
#   no-asan, no-tsan   is left out of that sanitizer's run; the CMakeLists that says so also says why
#   all-asan    under AddressSanitizer with `./dev test --all` only: other tests there run the same code of ours
function(weir_register_test name labels timeout serial)
  if(NOT labels)
    set(labels unit)
  endif()
  if(NOT timeout)
    set(timeout 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout} RUN_SERIAL ${serial})
  set(suppressions "${CMAKE_SOURCE_DIR}/tests/sanitizers")
  if(WEIR_SANITIZER AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Without it reports have addresses in place of names, and no suppression by name holds.
    find_program(WEIR_SYMBOLIZER NAMES llvm-symbolizer-19 REQUIRED)
    set(symbolizer "external_symbolizer_path=${WEIR_SYMBOLIZER}:")
  endif()
  if(WEIR_SANITIZER STREQUAL "address")
    set(environment
      "ASAN_OPTIONS=${symbolizer}detect_stack_use_after_return=1:strict_string_checks=1"
      "LSAN_OPTIONS=${symbolizer}suppressions=${suppressions}/leak.supp:print_suppressions=0"
      "UBSAN_OPTIONS=${symbolizer}print_stacktrace=1:suppressions=${suppressions}/undefined.supp")
  elseif(WEIR_SANITIZER STREQUAL "thread")
    set(environment "TSAN_OPTIONS=${symbolizer}second_deadlock_stack=1:suppressions=${suppressions}/thread.supp")
  endif()
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}")
  if("all-asan" IN_LIST labels AND WEIR_SANITIZER STREQUAL "address")
    set(labels all-asan)
  endif()
  if(("no-asan" IN_LIST labels AND WEIR_SANITIZER STREQUAL "address") OR
     ("no-tsan" IN_LIST labels AND WEIR_SANITIZER STREQUAL "thread"))
    return()
  endif()
  add_custom_target(weir_needs_${name})
  if(ARGN)
    add_dependencies(weir_needs_${name} ${ARGN})
  endif()
  foreach(label IN LISTS labels)
    if(NOT TARGET weir_tests_${label})
      add_custom_target(weir_tests_${label})
    endif()
    add_dependencies(weir_tests_${label} weir_needs_${name})
  endforeach()
endfunction()

# weir_reuse_precompiled(<target> <carrier> HEADERS header… [LIBRARIES target…])
# Lets a target read headers in a precompiled form, which is made once, by the object library <carrier>, for all targets
# that ask for it; LIBRARIES bring the definitions that the headers see. Parsing <grpcpp/grpcpp.h> costs two seconds per
# source, GoogleTest's headers 0.6 to 1 s.
function(weir_reuse_precompiled target carrier)
  cmake_parse_arguments(arg "" "" "HEADERS;LIBRARIES" ${ARGN})
  if(NOT TARGET ${carrier})
    file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/${carrier}.cc"
      CONTENT "// Exists to carry the precompiled headers.\n")
    add_library(${carrier} OBJECT "${CMAKE_BINARY_DIR}/${carrier}.cc")
    target_link_libraries(${carrier} PRIVATE weir_options ${arg_LIBRARIES})
    target_precompile_headers(${carrier} PRIVATE ${arg_HEADERS})
    # ccache needs it to see through a precompiled header of GCC.
    target_compile_options(${carrier} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
    # Programs are compiled with -fPIE and libraries with -fPIC; the two do not read each other's precompiled headers.
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
      set_target_properties(${carrier} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
      target_compile_options(${carrier} PRIVATE -fPIE)
    endif()
  endif()
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  target_precompile_headers(${target} REUSE_FROM ${carrier})
endfunction()

# weir_precompile_rpc_headers(<target>): for a library most of whose sources speak gRPC.
function(weir_precompile_rpc_headers target)
  weir_reuse_precompiled(${target} weir_rpc_precompiled HEADERS <grpcpp/grpcpp.h>)
endfunction()
