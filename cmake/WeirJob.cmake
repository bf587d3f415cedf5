# weir_add_job(<name> <source>…): a job plugin `<name>.so`, ready for `weir run <name>.so`.
#
# The same function serves jobs in this tree (examples/, tests/) and, installed beside WeirConfig.cmake, everybody's.
# Link connectors afterwards: target_link_libraries(<name> PRIVATE weir::kafka).

include_guard(GLOBAL)

# A plugin and the worker that loads it exchange C++ objects, so both must have been built with one compiler ABI. The
# worker refuses a plugin whose record says otherwise; this says it before the cluster does.
function(weir_warn_about_other_compiler)
  get_property(warned GLOBAL PROPERTY WEIR_WARNED_ABOUT_COMPILER)
  if(warned OR NOT DEFINED WEIR_BUILT_WITH_COMPILER_ID)
    return()
  endif()
  set_property(GLOBAL PROPERTY WEIR_WARNED_ABOUT_COMPILER TRUE)
  string(REGEX MATCH "^[0-9]+" major "${CMAKE_CXX_COMPILER_VERSION}")
  string(REGEX MATCH "^[0-9]+" built_with_major "${WEIR_BUILT_WITH_COMPILER_VERSION}")
  if(NOT "${CMAKE_CXX_COMPILER_ID} ${major}" STREQUAL "${WEIR_BUILT_WITH_COMPILER_ID} ${built_with_major}")
    message(WARNING "Weir was built with ${WEIR_BUILT_WITH_COMPILER_ID} ${built_with_major}; this job is built with "
      "${CMAKE_CXX_COMPILER_ID} ${major}. Workers refuse plugins of another compiler ABI.")
  endif()
endfunction()

set(WEIR_JOB_EXPORTS "${CMAKE_CURRENT_LIST_DIR}/WeirJob.map")

function(weir_add_job name)
  if(NOT ARGN)
    message(FATAL_ERROR "weir_add_job(${name}): name at least one source file")
  endif()
  weir_warn_about_other_compiler()
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE weir::sdk)
  target_compile_features(${name} PRIVATE cxx_std_20)
  # A sanitizer's build keeps the optimization level of its tree: it is for finding faults, not for speed.
  if(NOT WEIR_SANITIZER)
    target_compile_options(${name} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O3>)
    # An undefined symbol is an error when the plugin is linked and not when a worker loads it. (Sanitizers leave
    # symbols for the executable to define.)
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  # Nothing but the entry points is visible: a plugin's own protobuf or OpenSSL never meets the engine's.
  target_link_options(${name} PRIVATE -Wl,--exclude-libs,ALL "-Wl,--version-script=${WEIR_JOB_EXPORTS}")
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS "${WEIR_JOB_EXPORTS}")
  set_target_properties(${name} PROPERTIES
    PREFIX ""
    SUFFIX ".so"
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    # A bundle carries the libraries it needs beside the plugin.
    INSTALL_RPATH "$ORIGIN")
  if(WEIR_JOB_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${WEIR_JOB_OUTPUT_DIRECTORY}")
  endif()
endfunction()
