#include "connectors/files/src/file_listing.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include <fnmatch.h>

namespace weir::files {
namespace {

// Links in a circle end here.
constexpr int kDeepestDirectory = 100;

std::string NameOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}
bool Hidden(const std::string& path) {
  const std::string name = NameOf(path);
  return name.starts_with('.') || name.starts_with('_');
}

class Listing {
 public:
  explicit Listing(const internal::FileSourceOptions& options)
      : options_(options), file_system_(*options.file_system) {}

  Status AddPath(const std::string& path) {
    Result<FileInformation> found = file_system_.Describe(path);
    // A name may have the characters of a pattern: what is there is meant.
    if (found.ok()) return Add(*std::move(found), 0);
    return IsPattern(path) ? AddBelow("", path) : found.status();
  }
  std::vector<FileInformation> Take() {
    std::vector<FileInformation> files;
    for (auto& [path, file] : files_) files.push_back(std::move(file));
    return files;
  }

 private:
  Status Add(FileInformation found, int depth) {
    if (!found.is_directory) {
      files_.insert_or_assign(found.path, found);
      return Status::Ok();
    }
    if (depth > 0 && !options_.recursive) return Status::Ok();
    if (depth == kDeepestDirectory) {
      return Status(StatusCode::kInvalidArgument,
                    found.path + ": directories are nested more than " +
                        std::to_string(kDeepestDirectory) + " deep",
                    ErrorDomain::kExternal, RetryHint::kNoRetry);
    }
    WEIR_ASSIGN_OR_RETURN(std::vector<FileInformation> inside, file_system_.List(found.path));
    for (FileInformation& child : inside) {
      if (!Hidden(child.path)) WEIR_RETURN_IF_ERROR(Add(std::move(child), depth + 1));
    }
    return Status::Ok();
  }

  // "/a/b*/c.*": lists /a, then each match's c.*. `base` was found or stands there as it is, and is
  // no pattern whatever characters it has; empty: the working directory.
  Status AddBelow(std::string base, std::string_view pattern) {
    while (!pattern.empty()) {
      const std::size_t end = std::min(pattern.find('/'), pattern.size());
      const std::string component(pattern.substr(0, end));
      if (IsPattern(component)) return AddMatches(base, component, pattern.substr(end));
      base += component;
      pattern.remove_prefix(end);
      if (pattern.empty()) break;
      if (!base.ends_with('/')) base += '/';
      pattern.remove_prefix(1);
    }
    WEIR_ASSIGN_OR_RETURN(FileInformation found, file_system_.Describe(base));
    return Add(std::move(found), 0);
  }
  // `rest`: empty, or what follows the component, with its "/".
  Status AddMatches(const std::string& base, const std::string& component, std::string_view rest) {
    std::string directory = base.empty() ? "." : base;
    while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
    WEIR_ASSIGN_OR_RETURN(const std::vector<FileInformation> inside, file_system_.List(directory));
    for (const FileInformation& child : inside) {
      if (::fnmatch(component.c_str(), NameOf(child.path).c_str(), FNM_PERIOD) != 0) continue;
      // A hidden name is meant only where the pattern says its first character.
      if (Hidden(child.path) && !Hidden(component)) continue;
      if (rest.empty()) {
        WEIR_RETURN_IF_ERROR(Add(child, 0));
      } else if (child.is_directory) {
        Status added = AddBelow(child.path + "/", rest.substr(1));
        // Not every directory that matches has the rest.
        if (!added.ok() && added.code() != StatusCode::kNotFound) return added;
      }
    }
    return Status::Ok();
  }

  const internal::FileSourceOptions& options_;
  const FileSystem& file_system_;
  std::map<std::string, FileInformation> files_;
};

}  // namespace

bool IsPattern(const std::string& path) {
  return path.find_first_of("*?[") != std::string::npos;
}

Result<std::vector<FileInformation>> ListFiles(const internal::FileSourceOptions& options) {
  Listing listing(options);
  for (const std::string& path : options.paths) WEIR_RETURN_IF_ERROR(listing.AddPath(path));
  return listing.Take();
}

}  // namespace weir::files
