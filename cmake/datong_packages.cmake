# SPDX-License-Identifier: Apache-2.0
# Every outside library, once. A folder names what it needs with PACKAGES in datong_module().
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)  # Debian ships no CMake config for it, so CMake's own module
find_package(RocksDB REQUIRED CONFIG)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

set(DATONG_PACKAGE_absl absl::status absl::statusor absl::strings absl::flat_hash_map absl::flat_hash_set
    absl::synchronization absl::time absl::span absl::hash)
set(DATONG_PACKAGE_protobuf protobuf::libprotobuf)
set(DATONG_PACKAGE_rocksdb RocksDB::rocksdb-shared)
set(DATONG_PACKAGE_openssl OpenSSL::Crypto)
set(DATONG_PACKAGE_zlib ZLIB::ZLIB)
set(DATONG_PACKAGE_zstd PkgConfig::ZSTD)
set(DATONG_PACKAGE_lz4 PkgConfig::LZ4)
set(DATONG_PACKAGE_xxhash PkgConfig::XXHASH)
set(DATONG_PACKAGE_json nlohmann_json::nlohmann_json)
set(DATONG_PACKAGE_yaml yaml-cpp)
set(DATONG_PACKAGE_cli11 CLI11::CLI11)
