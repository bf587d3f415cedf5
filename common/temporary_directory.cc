#include "common/temporary_directory.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "common/file_system.h"
#include "common/logging.h"
#include "common/system_error.h"
#include "common/text.h"

namespace weir {

Result<TemporaryDirectory> TemporaryDirectory::Create(std::string_view prefix,
                                                      std::string_view parent) {
  std::string folder(parent);
  if (folder.empty()) {
    const char* from_environment = std::getenv("TMPDIR");
    folder = from_environment != nullptr && *from_environment != 0 ? from_environment : "/tmp";
  }
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(folder, error);
  if (error) return SystemError(Concat("cannot find '", folder, "'"), error.value());
  std::string path = absolute / Concat(prefix, "XXXXXX");
  if (::mkdtemp(path.data()) == nullptr) {
    return SystemError(Concat("cannot make a temporary folder '", path, "'"), errno);
  }
  return TemporaryDirectory(std::move(path));
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept
    : path_(std::exchange(other.path_, std::string())) {}

TemporaryDirectory& TemporaryDirectory::operator=(TemporaryDirectory&& other) noexcept {
  if (this != &other) {
    Remove();
    path_ = std::exchange(other.path_, std::string());
  }
  return *this;
}

TemporaryDirectory::~TemporaryDirectory() {
  Remove();
}

void TemporaryDirectory::Remove() {
  if (path_.empty()) return;
  const Status removed = LocalFileSystem().RemoveRecursively(path_);
  if (!removed.ok()) ComponentLogger("files").Warning(removed.message());
  path_.clear();
}

}  // namespace weir
