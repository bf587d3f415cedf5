#include "connectors/files/src/file_enumerator.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "connectors/files/src/byte_stream.h"
#include "connectors/files/src/file_listing.h"

namespace weir::files {

std::vector<FileSplit> SplitsOf(const FileInformation& file, bool splittable,
                                std::uint64_t split_bytes) {
  if (file.size == 0) return {};
  if (!splittable) return {{file.path, 0, file.size, 0, 0}};
  std::vector<FileSplit> splits;
  for (std::uint64_t begin = 0; begin < file.size;) {
    const std::uint64_t left = file.size - begin;
    const std::uint64_t end = left - left / 3 <= split_bytes ? file.size : begin + split_bytes;
    splits.push_back({file.path, begin, end, begin, 0});
    begin = end;
  }
  return splits;
}

FileEnumerator::FileEnumerator(internal::FileSourceOptions options, bool splittable)
    : options_(std::move(options)), splittable_(splittable) {}

Status FileEnumerator::Start(SplitEnumeratorContext<FileSplit>& context,
                             std::optional<FileEnumeratorState> restored) {
  WEIR_RETURN_IF_ERROR(internal::ValidateSource(options_));
  context_ = &context;
  if (restored) {
    state_ = *std::move(restored);
    unassigned_.assign(std::make_move_iterator(state_.unassigned.begin()),
                       std::make_move_iterator(state_.unassigned.end()));
    state_.unassigned.clear();
  }
  if (!state_.listed || monitors()) List();
  return Status::Ok();
}

void FileEnumerator::List() {
  // Shared by the two functions, of which the second may never run.
  auto found = std::make_shared<std::optional<Result<std::vector<FileInformation>>>>();
  context_->RunBlocking([found, options = options_] { found->emplace(ListFiles(options)); },
                        [this, found] {
                          if (!(*found)->ok()) {
                            context_->Fail((*found)->status().WithContext("File source"));
                            return;
                          }
                          TakeListing((*found)->value());
                          ServeWaiting();
                          if (!monitors()) return;
                          context_->Schedule(*options_.monitor_interval_ms, [this] { List(); });
                        });
}

void FileEnumerator::TakeListing(const std::vector<FileInformation>& files) {
  std::size_t count = 0;
  for (const FileInformation& file : files) {
    // An empty file may be one that somebody is about to write.
    if (file.size == 0) continue;
    // Also where nothing is monitored: the job may go on from here with a source that does.
    if (!state_.seen.insert(file.path).second) continue;
    const bool splittable =
        splittable_ && (!options_.decompress || CodecOf(file.path) == Codec::kNone);
    for (FileSplit& split : SplitsOf(file, splittable, options_.split_bytes)) {
      unassigned_.push_back(std::move(split));
    }
    ++count;
  }
  if (!state_.listed || count > 0) {
    context_->logger().Info("File source: found " + std::to_string(count) + " files, " +
                            std::to_string(unassigned_.size()) + " splits wait");
  }
  state_.listed = true;
}

void FileEnumerator::HandleSplitRequest(std::uint32_t reader) {
  waiting_.insert(reader);
  ServeWaiting();
}

void FileEnumerator::AddSplitsBack(std::vector<FileSplit> splits, std::uint32_t reader) {
  waiting_.erase(reader);  // it is gone, and asks again when it is back
  unassigned_.insert(unassigned_.begin(), std::make_move_iterator(splits.begin()),
                     std::make_move_iterator(splits.end()));
  ServeWaiting();
}

void FileEnumerator::ServeWaiting() {
  if (!state_.listed) return;
  const std::vector<std::uint32_t>& registered = context_->registered_readers();
  std::erase_if(waiting_, [&registered](std::uint32_t reader) {
    return std::find(registered.begin(), registered.end(), reader) == registered.end();
  });
  for (auto reader = waiting_.begin(); reader != waiting_.end();) {
    if (unassigned_.empty()) {
      if (monitors()) break;
      context_->SignalNoMoreSplits(*reader);
    } else {
      context_->AssignSplits(*reader, {std::move(unassigned_.front())});
      unassigned_.pop_front();
    }
    reader = waiting_.erase(reader);
  }
}

Result<FileEnumeratorState> FileEnumerator::Snapshot(std::uint64_t /*checkpoint_id*/) {
  FileEnumeratorState snapshot = state_;
  snapshot.unassigned.assign(unassigned_.begin(), unassigned_.end());
  return snapshot;
}

namespace internal {

Status ValidateSource(const FileSourceOptions& options) {
  const auto wrong = [](const std::string& what) {
    return Status::InvalidArgument("File source: " + what);
  };
  if (options.paths.empty()) return wrong("no Path() is given");
  for (const std::string& path : options.paths) {
    if (path.empty()) return wrong("a Path() is empty");
  }
  if (options.monitor_interval_ms && *options.monitor_interval_ms <= 0) {
    return wrong("MonitorEveryMs() is not above 0");
  }
  if (options.split_bytes == 0) return wrong("SplitBytes() is 0");
  if (options.maximum_message_bytes == 0) return wrong("MaximumMessageBytes() is 0");
  if (options.file_system == nullptr) return wrong("From() was given no file system");
  return Status::Ok();
}

std::unique_ptr<SplitEnumerator<FileSplit, FileEnumeratorState>> CreateFileEnumerator(
    FileSourceOptions options, bool splittable) {
  return std::make_unique<FileEnumerator>(std::move(options), splittable);
}

}  // namespace internal
}  // namespace weir::files
