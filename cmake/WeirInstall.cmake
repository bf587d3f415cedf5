# What `cmake --install` lays down for job authors (component `sdk`): public headers, libweir_sdk.a, one archive per
# connector, and the CMake package. Programs are installed by weir_add_program (component `runtime`).

include(CMakePackageConfigHelpers)

set(weir_package_directory "${CMAKE_INSTALL_LIBDIR}/cmake/Weir")
get_property(weir_connectors GLOBAL PROPERTY WEIR_CONNECTORS)

set_target_properties(weir_sdk PROPERTIES EXPORT_NAME sdk)
install(TARGETS weir_sdk ${weir_connectors} EXPORT WeirTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT sdk)
install(DIRECTORY "${CMAKE_SOURCE_DIR}/sdk/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT sdk)

install(EXPORT WeirTargets NAMESPACE weir:: DESTINATION "${weir_package_directory}" COMPONENT sdk)
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/WeirConfig.cmake.in"
  "${CMAKE_BINARY_DIR}/WeirConfig.cmake" INSTALL_DESTINATION "${weir_package_directory}")
write_basic_package_version_file("${CMAKE_BINARY_DIR}/WeirConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${CMAKE_BINARY_DIR}/WeirConfig.cmake"
  "${CMAKE_BINARY_DIR}/WeirConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/WeirJob.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/WeirJob.map"
  DESTINATION "${weir_package_directory}" COMPONENT sdk)
