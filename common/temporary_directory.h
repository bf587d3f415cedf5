// TemporaryDirectory: a fresh folder that is removed with everything in it.
#pragma once

#include <string>
#include <string_view>

#include <weir/status.h>

namespace weir {

class TemporaryDirectory {
 public:
  // Makes `parent`/`prefix`XXXXXX, readable for the owner alone. An empty parent is $TMPDIR or
  // /tmp.
  static Result<TemporaryDirectory> Create(std::string_view prefix = "weir-",
                                           std::string_view parent = "");

  TemporaryDirectory(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept;
  // Removes the folder; what cannot be removed is logged.
  ~TemporaryDirectory();

  // Absolute, without a slash at the end.
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}
  void Remove();

  std::string path_;
};

}  // namespace weir
