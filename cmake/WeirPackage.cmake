# Debian packages, made by `./dev package` (or `cpack` in a tree of the preset `package`):
#   weir       programs, systemd units, /etc/weir, man pages, the sample job (components runtime, local_system, sample)
#   weir-sdk   headers, archives and the CMake package for job authors (components sdk, local)
#   *-dbgsym   debug symbols of both

set(packages "${CMAKE_SOURCE_DIR}/deploy/packages")

# Only the packages have what belongs into a system's own folders: `cmake --install` without a component leaves it out.
install(FILES "${packages}/config.yaml" DESTINATION /etc/weir COMPONENT local_system EXCLUDE_FROM_ALL)
install(FILES "${packages}/logrotate" RENAME weir DESTINATION /etc/logrotate.d COMPONENT local_system EXCLUDE_FROM_ALL)
install(FILES "${packages}/systemd/weir-jobmanager.service" "${packages}/systemd/weir-taskmanager.service"
  DESTINATION /lib/systemd/system COMPONENT local_system EXCLUDE_FROM_ALL)
install(FILES "${packages}/weir.bash-completion" RENAME weir
  DESTINATION share/bash-completion/completions COMPONENT local_system EXCLUDE_FROM_ALL)
install(FILES "${packages}/copyright" "${CMAKE_SOURCE_DIR}/docs/configuration.md" "${CMAKE_SOURCE_DIR}/docs/cli.md"
  DESTINATION share/doc/weir COMPONENT local_system EXCLUDE_FROM_ALL)
install(FILES "${packages}/copyright" DESTINATION share/doc/weir-sdk COMPONENT sdk EXCLUDE_FROM_ALL)
install(TARGETS processed LIBRARY DESTINATION lib/weir/examples COMPONENT sample EXCLUDE_FROM_ALL)

# Debian wants manual pages compressed, and the same bytes from the same sources.
find_program(WEIR_GZIP gzip REQUIRED)
foreach(page weir.1 weir-jobmanager.8 weir-taskmanager.8)
  string(REGEX MATCH "[0-9]$" section "${page}")
  set(compressed "${CMAKE_BINARY_DIR}/man/${page}.gz")
  add_custom_command(OUTPUT "${compressed}" DEPENDS "${packages}/man/${page}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${CMAKE_BINARY_DIR}/man"
    COMMAND "${WEIR_GZIP}" -9nc "${packages}/man/${page}" > "${compressed}" VERBATIM)
  list(APPEND pages "${compressed}")
  install(FILES "${compressed}" DESTINATION "share/man/man${section}" COMPONENT local_system EXCLUDE_FROM_ALL)
endforeach()
add_custom_target(weir_manual_pages DEPENDS ${pages})

# cpack takes what is there (the preset sets CMAKE_SKIP_INSTALL_ALL_DEPENDENCY): this builds it.
add_custom_target(weir_packaged)
add_dependencies(weir_packaged weir_products weir_manual_pages)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME weir)
set(CPACK_PACKAGE_VENDOR Weir)
set(CPACK_PACKAGE_CONTACT "Weir <weir@localhost>")
set(CPACK_PACKAGE_DIRECTORY "${CMAKE_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL runtime local_system sample sdk local)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
foreach(component runtime local_system sample)
  string(TOUPPER "${component}" name)
  set(CPACK_COMPONENT_${name}_GROUP weir)
endforeach()
foreach(component sdk local)
  string(TOUPPER "${component}" name)
  set(CPACK_COMPONENT_${name}_GROUP development)
endforeach()

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ${WEIR_DEBUG_SYMBOLS})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_BUILD_SOURCE_DIRS "${CMAKE_SOURCE_DIR};${CMAKE_BINARY_DIR}")

set(CPACK_DEBIAN_WEIR_PACKAGE_NAME weir)
set(CPACK_DEBIAN_WEIR_PACKAGE_SECTION net)
set(CPACK_DEBIAN_WEIR_PACKAGE_DEPENDS "adduser, passwd")
set(CPACK_DEBIAN_WEIR_PACKAGE_RECOMMENDS logrotate)
set(CPACK_COMPONENT_GROUP_WEIR_DESCRIPTION
  "distributed stream processing for native code\n\
Jobs written in C++ against a small SDK run on a cluster of one JobManager and\n\
many TaskManagers, with keyed state, event time, exactly-once checkpoints, and\n\
Kafka in and out. This package has the servers, their systemd units and the\n\
command line.")
set(CPACK_DEBIAN_WEIR_PACKAGE_CONTROL_EXTRA
  "${packages}/debian/conffiles;${packages}/debian/postinst;${packages}/debian/prerm;${packages}/debian/postrm")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME weir-sdk)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
# A plugin and the worker that loads it must have been built by compilers that share an ABI.
string(REGEX MATCH "^[0-9]+" compiler_major "${CMAKE_CXX_COMPILER_VERSION}")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "g++-${compiler_major}, g++ (>= 4:${compiler_major})")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS "cmake, pkg-config")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS "librdkafka-dev, libsimdjson-dev, zlib1g-dev, libzstd-dev")
set(CPACK_COMPONENT_GROUP_DEVELOPMENT_DESCRIPTION
  "headers and libraries for jobs of the stream processor Weir\n\
What a job author compiles a plugin with: the DataStream API, connectors, the\n\
CMake function weir_add_job(), and a cluster in one process for tests.")

include(CPack)
include(CPackComponent)
cpack_add_component_group(weir DESCRIPTION "${CPACK_COMPONENT_GROUP_WEIR_DESCRIPTION}")
cpack_add_component_group(development DESCRIPTION "${CPACK_COMPONENT_GROUP_DEVELOPMENT_DESCRIPTION}")
