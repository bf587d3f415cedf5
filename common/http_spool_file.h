// A file that holds an upload while it arrives. It belongs to its object: what nobody takes over is
// deleted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <weir/status.h>

#include "common/unique_fd.h"

namespace weir {

// Movable, for one thread at a time.
class HttpSpoolFile {
 public:
  HttpSpoolFile() = default;
  HttpSpoolFile(HttpSpoolFile&& other) noexcept;
  HttpSpoolFile& operator=(HttpSpoolFile&& other) noexcept;
  ~HttpSpoolFile();  // closes and deletes the file, unless released

  // Makes an empty file of its own, readable by this user only, in `directory`, which must exist.
  static Result<HttpSpoolFile> Create(const std::string& directory);

  Status Append(std::string_view bytes);
  // Closes the descriptor; Append is over.
  void Finish() { descriptor_.Reset(); }

  const std::string& path() const { return path_; }
  std::uint64_t size_bytes() const { return size_bytes_; }

  // Hands the file to the caller, who deletes it from now on. Returns its path.
  std::string Release();

 private:
  std::string path_;
  UniqueFd descriptor_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace weir
