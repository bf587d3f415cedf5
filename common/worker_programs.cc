#include "common/worker_programs.h"

#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include <weir/status.h>

#include "common/file_system.h"
#include "common/text.h"

namespace weir {

std::map<std::uint32_t, std::string> FindWorkerPrograms(const std::string& folder) {
  const std::string installed = folder + "/../lib/weir";
  std::map<std::uint32_t, std::string> programs;
  const Result<std::vector<std::string>> names = LocalFileSystem().List(installed);
  if (!names.ok()) return programs;
  for (const std::string& name : *names) {
    constexpr std::string_view kPrefix = "abi-";
    if (!name.starts_with(kPrefix)) continue;
    const Result<std::uint64_t> number = ParseUint64(std::string_view(name).substr(kPrefix.size()));
    const std::string program = Concat(installed, "/", name, "/weir-worker");
    const Result<bool> exists = LocalFileSystem().Exists(program);
    if (number.ok() && *number <= UINT32_MAX && exists.ok() && *exists) {
      programs[static_cast<std::uint32_t>(*number)] = program;
    }
  }
  return programs;
}

std::string FolderOfThisProgram() {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string() : path.parent_path().string();
}

}  // namespace weir
