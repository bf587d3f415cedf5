#include "common/http_spool_file.h"

#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "common/system_error.h"
#include "common/text.h"

namespace weir {

HttpSpoolFile::HttpSpoolFile(HttpSpoolFile&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      descriptor_(std::move(other.descriptor_)),
      size_bytes_(other.size_bytes_) {}

HttpSpoolFile& HttpSpoolFile::operator=(HttpSpoolFile&& other) noexcept {
  std::swap(path_, other.path_);  // what was ours is deleted with `other`
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

HttpSpoolFile::~HttpSpoolFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<HttpSpoolFile> HttpSpoolFile::Create(const std::string& directory) {
  std::string path = directory + "/upload-XXXXXX";
  UniqueFd descriptor(::mkostemp(path.data(), O_CLOEXEC));
  if (!descriptor.valid()) {
    return SystemError(Concat("cannot create a file in ", directory), errno);
  }
  HttpSpoolFile file;
  file.path_ = std::move(path);
  file.descriptor_ = std::move(descriptor);
  return file;
}

Status HttpSpoolFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(descriptor_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError(Concat("cannot write ", path_), errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    size_bytes_ += static_cast<std::uint64_t>(written);
  }
  return Status::Ok();
}

std::string HttpSpoolFile::Release() {
  descriptor_.Reset();
  return std::exchange(path_, {});
}

}  // namespace weir
