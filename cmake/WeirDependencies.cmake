# Every outside library, found once. docs/dependencies.md says why each is used.
#
# gRPC, protobuf, Abseil, OpenSSL and their companions come in two forms:
#   weir_rpc_static  for our executables (a gRPC process starts twice as fast with a third less memory, and a
#                    plugin that brings its own protobuf cannot meet ours);
#   weir_rpc_shared  for tests and libweir-local.so (Debian's archives are not made for shared objects).
# So does RocksDB with its compressors: weir_rocksdb_static, weir_rocksdb_shared.
# Module libraries only compile against the headers; the final link picks a form.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(GRPC REQUIRED grpc++ protobuf openssl)

find_program(WEIR_PROTOC protoc REQUIRED)
find_program(WEIR_GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
find_library(WEIR_ISAL isal REQUIRED)

function(weir_to_static_archives out)
  set(result "")
  foreach(library IN LISTS ARGN)
    find_library(WEIR_STATIC_${library} "lib${library}.a")
    if(WEIR_STATIC_${library})
      list(APPEND result "${WEIR_STATIC_${library}}")
    else()
      list(APPEND result "-l${library}")
    endif()
  endforeach()
  set(${out} "${result}" PARENT_SCOPE)
endfunction()

# dl, rt, atomic and pthread stay with the C library they came with.
set(libraries ${GRPC_STATIC_LIBRARIES})
list(REMOVE_ITEM libraries dl rt atomic pthread)
list(REMOVE_DUPLICATES libraries)
weir_to_static_archives(archives ${libraries})
# A worker must not bring a shared yaml-cpp that a plugin could meet in a version of its own.
find_library(WEIR_YAML_CPP_ARCHIVE libyaml-cpp.a REQUIRED)
add_library(weir_rpc_static INTERFACE)
target_link_libraries(weir_rpc_static INTERFACE
  -Wl,--start-group ${archives} -Wl,--end-group "${WEIR_YAML_CPP_ARCHIVE}" -latomic -ldl -lrt Threads::Threads)
target_link_options(weir_rpc_static INTERFACE -Wl,--exclude-libs,ALL)

add_library(weir_rpc_shared INTERFACE)
target_link_libraries(weir_rpc_shared INTERFACE grpc++ grpc gpr protobuf absl_synchronization absl_strings absl_base
  absl_status absl_time ssl crypto yaml-cpp Threads::Threads)

# Debian's CMake package of RocksDB names shared compressors. gflags belongs to its tools alone.
find_library(WEIR_ROCKSDB rocksdb REQUIRED)
weir_to_static_archives(archives rocksdb snappy lz4 zstd bz2 z)
add_library(weir_rocksdb_static INTERFACE)
target_link_libraries(weir_rocksdb_static INTERFACE ${archives} -ldl Threads::Threads)
add_library(weir_rocksdb_shared INTERFACE)
target_link_libraries(weir_rocksdb_shared INTERFACE "${WEIR_ROCKSDB}")
add_library(weir_rocksdb INTERFACE)
target_link_libraries(weir_rocksdb INTERFACE
  "$<IF:$<BOOL:$<TARGET_PROPERTY:WEIR_STATIC_ROCKSDB>>,weir_rocksdb_static,weir_rocksdb_shared>")
