// CrashingFileSystem: the machine's files until a chosen operation, at which the process "ends":
// the operation is left undone, half done or done, and nothing works any more. Or, with kFailsOnce,
// that one operation fails and the rest goes on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/file_system.h"
#include "common/text.h"

namespace weir::jobmanager {

enum class CrashKind { kBefore, kHalfDone, kAfter, kFailsOnce };

class CrashingFileSystem final : public FileSystem {
 public:
  static constexpr int kNever = -1;
  // Operations that change something are counted from 0.
  CrashingFileSystem(int crash_at, CrashKind kind) : crash_at_(crash_at), kind_(kind) {}
  bool struck() const { return struck_; }

  Result<std::string> ReadFile(const std::string& path, std::int64_t limit_bytes) override {
    WEIR_RETURN_IF_ERROR(Look());
    return files_.ReadFile(path, limit_bytes);
  }
  Result<std::string> ReadFileTail(const std::string& path, std::int64_t limit_bytes,
                                   std::int64_t start_offset) override {
    WEIR_RETURN_IF_ERROR(Look());
    return files_.ReadFileTail(path, limit_bytes, start_offset);
  }
  Status WriteFileAtomically(const std::string& path, std::string_view content,
                             FileDurability) override {
    return Change([&] { return files_.WriteFileAtomically(path, content, FileDurability::kNone); },
                  [&] { WriteHalf(path + ".1.2.tmp", content); });
  }
  Status Rename(const std::string& from, const std::string& to) override {
    return Change([&] { return files_.Rename(from, to); }, [] {});
  }
  Result<std::vector<std::string>> List(const std::string& path) override {
    WEIR_RETURN_IF_ERROR(Look());
    return files_.List(path);
  }
  Status CreateDirectories(const std::string& path) override {
    return Change([&] { return files_.CreateDirectories(path); }, [] {});
  }
  Status RemoveRecursively(const std::string& path) override {
    return Change([&] { return files_.RemoveRecursively(path); }, [&] { RemoveHalf(path); });
  }
  Result<bool> Exists(const std::string& path) override {
    WEIR_RETURN_IF_ERROR(Look());
    return files_.Exists(path);
  }
  Result<std::int64_t> FileSize(const std::string& path) override {
    WEIR_RETURN_IF_ERROR(Look());
    return files_.FileSize(path);
  }
  Result<std::unique_ptr<WritableFile>> CreateExclusively(const std::string& path) override {
    std::unique_ptr<WritableFile> file;
    WEIR_RETURN_IF_ERROR(Change(
        [&] {
          Result<std::unique_ptr<WritableFile>> created = files_.CreateExclusively(path);
          if (created.ok()) file = *std::move(created);
          return created.status();
        },
        [] {}));
    return std::unique_ptr<WritableFile>(std::make_unique<File>(*this, std::move(file)));
  }
  Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string& path) override {
    WEIR_RETURN_IF_ERROR(Look());
    return files_.OpenForReading(path);
  }
  Status SyncDirectory(const std::string&) override {
    return Change([] { return Status::Ok(); }, [] {});
  }

 private:
  class File final : public WritableFile {
   public:
    File(CrashingFileSystem& files, std::unique_ptr<WritableFile> file)
        : files_(files), file_(std::move(file)) {}
    Status Append(std::string_view bytes) override {
      return files_.Change(
          [&] { return file_->Append(bytes); },
          [&] { static_cast<void>(file_->Append(bytes.substr(0, bytes.size() / 2))); });
    }
    Status Sync() override {
      return files_.Change([] { return Status::Ok(); }, [] {});
    }
    Status Close() override {
      return files_.Change([&] { return file_->Close(); }, [] {});
    }

   private:
    CrashingFileSystem& files_;
    const std::unique_ptr<WritableFile> file_;
  };

  static Status Dead() { return Status::IoError("the process has crashed"); }
  Status Look() const { return dead_ ? Dead() : Status::Ok(); }

  template <class Whole, class Half>
  Status Change(Whole whole, Half half) {
    if (dead_) return Dead();
    if (operations_++ != crash_at_) return whole();
    struck_ = true;
    dead_ = kind_ != CrashKind::kFailsOnce;
    if (kind_ == CrashKind::kAfter) static_cast<void>(whole());
    if (kind_ == CrashKind::kHalfDone) half();
    return kind_ == CrashKind::kFailsOnce ? Status::IoError("the disk is full") : Dead();
  }
  void WriteHalf(const std::string& path, std::string_view content) {
    static_cast<void>(files_.WriteFileAtomically(path, content.substr(0, content.size() / 2),
                                                 FileDurability::kNone));
  }
  void RemoveHalf(const std::string& path) {
    const auto names = files_.List(path);
    if (!names.ok() || names->empty()) return;
    static_cast<void>(files_.RemoveRecursively(Concat(path, "/", names->back())));
  }

  FileSystem& files_ = LocalFileSystem();
  const int crash_at_;
  const CrashKind kind_;
  int operations_ = 0;
  bool struck_ = false;
  bool dead_ = false;
};

}  // namespace weir::jobmanager
