#include "tests/cluster/damage.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "common/crc32c.h"

namespace weir::cluster_test {
namespace {

void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
}

}  // namespace

std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::map<std::string, std::string> Contents(const std::string& folder) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    contents[entry.path()] = entry.is_regular_file() ? ReadBytes(entry.path()) : "";
  }
  return contents;
}

std::string LargestStateFile(const std::string& checkpoint) {
  std::string largest;
  std::uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(checkpoint)) {
    if (entry.path().filename() == "_metadata" || entry.file_size() <= size) continue;
    size = entry.file_size();
    largest = entry.path();
  }
  return largest;
}

void FlipABit(const std::string& path) {
  std::string bytes = ReadBytes(path);
  bytes.at(bytes.size() / 2) ^= 0x10;
  WriteBytes(path, bytes);
}

void RaiseFormatVersion(const std::string& metadata) {
  // docs/formats/checkpoint.md: 8 bytes of magic, the version, a checksum of these 12 bytes.
  std::string bytes = ReadBytes(metadata);
  bytes.at(8) = 99;
  const std::uint32_t checksum = Crc32c(std::string_view(bytes).substr(0, 12));
  for (std::size_t i = 0; i < 4; ++i) bytes.at(12 + i) = static_cast<char>(checksum >> (8 * i));
  WriteBytes(metadata, bytes);
}

}  // namespace weir::cluster_test
