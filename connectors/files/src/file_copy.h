// Reads the beginning of a file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <weir/connectors/file_system.h>
#include <weir/status.h>

namespace weir::files {

// Gives `take`, in parts, the first `count` bytes. Corruption where there are fewer.
template <class Take>
Status CopyBeginning(const FileSystem& file_system, const std::string& path, std::uint64_t count,
                     const Take& take) {
  constexpr std::uint64_t kBufferBytes = 1 << 20;
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<ReadableFile> file, file_system.OpenForReading(path));
  std::string buffer(std::min(count, kBufferBytes), '\0');
  for (std::uint64_t offset = 0; offset < count;) {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), count - offset);
    WEIR_ASSIGN_OR_RETURN(const std::size_t read,
                          file->ReadAt(offset, std::span(buffer.data(), wanted)));
    if (read == 0) {
      return Status::Corruption(path + " has " + std::to_string(offset) + " bytes where " +
                                std::to_string(count) + " were written");
    }
    WEIR_RETURN_IF_ERROR(take(std::string_view(buffer.data(), read)));
    offset += read;
  }
  return Status::Ok();
}

}  // namespace weir::files
