// A temporary directory with files in it.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "common/temporary_directory.h"

namespace weir::files {

class TemporaryDirectory {
 public:
  std::string path(const std::string& name = "") const {
    return (name.empty() ? root() : root() / name).string();
  }
  // With the directories above it. Returns the path.
  std::string Write(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories((root() / name).parent_path());
    std::ofstream(root() / name, std::ios::binary) << content;
    return path(name);
  }
  // Every file below, hidden ones too: its path from here, and what is in it.
  std::map<std::string, std::string> Content() const {
    std::map<std::string, std::string> content;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      content[std::filesystem::relative(entry.path(), root()).string()] =
          std::string(std::istreambuf_iterator<char>(file), {});
    }
    return content;
  }

 private:
  std::filesystem::path root() const { return directory_.path(); }

  const weir::TemporaryDirectory directory_ =
      weir::TemporaryDirectory::Create("weir-files-").value();
};

}  // namespace weir::files
