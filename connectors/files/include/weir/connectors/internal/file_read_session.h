// The untyped half of a file reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weir/connectors/file_split.h>
#include <weir/connectors/file_system.h>
#include <weir/format.h>
#include <weir/source.h>
#include <weir/status.h>

namespace weir::files::internal {

struct FileSourceOptions {
  std::vector<std::string> paths;
  bool recursive = true;
  bool decompress = true;
  std::uint64_t split_bytes = 64 << 20;
  std::size_t maximum_message_bytes = 16 << 20;
  std::optional<std::int64_t> monitor_interval_ms;  // without: the files are listed once
  std::shared_ptr<const FileSystem> file_system = LocalFileSystem();
};
// What is missing or wrong.
Status ValidateSource(const FileSourceOptions& options);

std::unique_ptr<SplitEnumerator<FileSplit, FileEnumeratorState>> CreateFileEnumerator(
    FileSourceOptions options, bool splittable);

// The task's thread; files are read by a thread of the session's own, which is at most four blocks
// of about 256 KiB (or one longer message) ahead.
class FileReadSession {
 public:
  struct Message {
    std::size_t end = 0;              // in text
    std::uint64_t next_position = 0;  // of the split, behind this message
  };
  // Messages of one split; valid until the next NextRun().
  struct Run {
    std::string_view text;
    std::span<const Message> messages;
    std::uint32_t split_output = kMainOutput;
    // The first of its split, with what the file's header is: for BeginStream().
    bool begins_split = false;
    std::string_view header;

    std::size_t size() const { return messages.size(); }
    std::string_view message(std::size_t index) const {
      const std::size_t begin = index == 0 ? 0 : messages[index - 1].end;
      return text.substr(begin, messages[index].end - begin);
    }
  };

  FileReadSession(FileSourceOptions options, Framing framing);
  ~FileReadSession();
  FileReadSession(const FileReadSession&) = delete;
  FileReadSession& operator=(const FileReadSession&) = delete;

  Status Open(SourceReaderContext& context);
  // The one before is used up. Empty: nothing is there now, or ever (AtEnd). Fails after the
  // messages before a failure were given.
  Result<Run> NextRun();
  bool AtEnd() const;
  void AddSplits(std::vector<FileSplit> splits);
  void NoMoreSplits();
  // `used`: messages of the present run.
  std::vector<FileSplit> Snapshot(std::size_t used) const;
  // "path line 4, byte 112" for message `index` of the present run.
  std::string Origin(std::size_t index) const;
  // "path line 1, byte 0": of the header that the present run comes with.
  std::string HeaderOrigin() const;
  void Close();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::files::internal
