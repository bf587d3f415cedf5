#include <chrono>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <weir/connectors/internal/file_write_session.h>

#include "connectors/files/src/file_writer_thread.h"

namespace weir::files::internal {
namespace {

// A path below the sink's, and nowhere else.
bool IsBucketName(std::string_view name) {
  if (name.empty()) return true;
  if (name.find('\0') != std::string_view::npos) return false;
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t end = std::min(name.find('/', from), name.size());
    const std::string_view part = name.substr(from, end - from);
    if (part.empty() || part == "." || part == "..") return false;
    from = end + 1;
  }
  return true;
}

// One spelling: paths are compared.
FileSinkOptions WithPlainPath(FileSinkOptions options) {
  while (options.path.size() > 1 && options.path.ends_with('/')) options.path.pop_back();
  return options;
}

void PrependLength(std::string& text, std::size_t begin) {
  std::size_t length = text.size() - begin;
  char prefix[10];
  std::size_t size = 0;
  for (; length >= 0x80; length >>= 7) prefix[size++] = static_cast<char>(length | 0x80);
  prefix[size++] = static_cast<char>(length);
  text.insert(begin, prefix, size);
}

}  // namespace

class FileWriteSession::State {
 public:
  explicit State(FileSinkOptions options) : options_(WithPlainPath(std::move(options))) {}

  Status Open(SinkWriterContext& context) {
    WEIR_RETURN_IF_ERROR(ValidateSink(options_));
    WEIR_RETURN_IF_ERROR(options_.file_system->CreateDirectories(options_.path));
    thread_ = std::make_unique<FileWriterThread>(options_, context, std::exchange(restored_, {}));
    return Status::Ok();
  }

  void Restore(const RestoredFileSink& restored) { restored_ = restored; }

  Result<std::optional<std::vector<FileCommittable>>> PrepareCommit(std::uint64_t checkpoint_id,
                                                                    bool end_of_input) {
    using Committables = std::optional<std::vector<FileCommittable>>;
    WEIR_RETURN_IF_ERROR(EndBlock());
    WEIR_ASSIGN_OR_RETURN(std::optional<PreparedFiles> prepared,
                          thread_->Prepare(checkpoint_id, end_of_input));
    if (!prepared) return Committables();
    writer_state_ = std::move(prepared->state);
    return Committables(std::move(prepared->committables));
  }

  const FileWriterState& writer_state() const { return writer_state_; }

  Status Failure() { return thread_->Failure(); }

  Result<WriteStatus> CheckRoom() {
    // Asked once per block: a block is bounded.
    if (!room_) {
      WEIR_ASSIGN_OR_RETURN(room_, thread_->HasRoom());
    }
    return room_ ? WriteStatus::kAccepted : WriteStatus::kNotReady;
  }

  std::int64_t time_ms() {
    if (!time_ms_) time_ms_ = options_.clock();
    return *time_ms_;
  }

  Result<std::string*> BeginMessage(std::string_view bucket) {
    if (current_ == nullptr || current_->bucket != bucket) {
      const auto found = by_bucket_.find(std::string(bucket));
      if (found == by_bucket_.end()) {
        if (!IsBucketName(bucket)) {
          return Status::InvalidArgument("File sink: '" + std::string(bucket) +
                                         "' is no name of a bucket: it must be a relative path "
                                         "without empty parts, \".\" and \"..\"");
        }
        chunks_.push_back(
            std::make_unique<FileChunk>(FileChunk{std::string(bucket), thread_->TakeText()}));
        current_ = chunks_.back().get();
        by_bucket_.emplace(current_->bucket, current_);
      } else {
        current_ = found->second;
      }
    }
    begin_ = current_->text.size();
    return &current_->text;
  }

  Status FinishMessage() {
    std::string& text = current_->text;
    if (options_.framing.kind == Framing::Kind::kLengthPrefix) {
      PrependLength(text, begin_);
      return Status::Ok();
    }
    if (options_.framing.kind == Framing::Kind::kLines) WEIR_RETURN_IF_ERROR(CheckLine());
    text += '\n';
    return Status::Ok();
  }

  void DropMessage() { current_->text.resize(begin_); }

  Status EndBlock() {
    for (std::unique_ptr<FileChunk>& chunk : chunks_) {
      if (!chunk->text.empty()) thread_->Add(std::move(*chunk));
    }
    chunks_.clear();
    by_bucket_.clear();
    current_ = nullptr;
    time_ms_.reset();
    room_ = false;
    return Status::Ok();
  }

  Result<FlushStatus> Flush(bool end_of_input) {
    WEIR_RETURN_IF_ERROR(EndBlock());
    return thread_->Flush(end_of_input);
  }

  void Close() { thread_.reset(); }

 private:
  // Whoever reads it takes a "\r" before the line break for a part of that.
  Status CheckLine() const {
    const std::string_view line = std::string_view(current_->text).substr(begin_);
    if (line.find('\n') == std::string_view::npos && !line.ends_with('\r')) return Status::Ok();
    return Status::InvalidArgument(
        "File sink: a message holds a line break, or ends with a carriage return, which its format "
        "does not allow");
  }

  const FileSinkOptions options_;
  RestoredFileSink restored_;  // until Open()
  FileWriterState writer_state_;
  std::unique_ptr<FileWriterThread> thread_;
  // Of the present block.
  std::vector<std::unique_ptr<FileChunk>> chunks_;
  std::unordered_map<std::string, FileChunk*> by_bucket_;
  FileChunk* current_ = nullptr;
  std::size_t begin_ = 0;  // of the message under way, in current_
  std::optional<std::int64_t> time_ms_;
  bool room_ = false;
};

std::int64_t SystemTimeMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Status ValidateSink(const FileSinkOptions& options) {
  const auto wrong = [](const std::string& what) {
    return Status::InvalidArgument("File sink: " + what);
  };
  if (options.path.empty()) return wrong("the path is empty");
  if (options.roll_at_bytes == 0) return wrong("RollAtBytes() is 0");
  if (options.roll_after_ms <= 0) return wrong("RollAfterMs() is not above 0");
  if (options.roll_after_inactivity_ms <= 0) return wrong("RollAfterInactivityMs() is not above 0");
  if (options.file_system == nullptr) return wrong("To() was given no file system");
  if ((options.part_prefix + options.part_suffix).find('/') != std::string::npos) {
    return wrong("PartPrefix() or PartSuffix() has a '/'");
  }
  if (options.part_prefix.starts_with('.') || options.part_prefix.starts_with('_')) {
    return wrong("PartPrefix() begins with '.' or '_': finished parts would be hidden");
  }
  return Status::Ok();
}

FileWriteSession::FileWriteSession(FileSinkOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}
FileWriteSession::~FileWriteSession() = default;
Status FileWriteSession::Open(SinkWriterContext& context) {
  return state_->Open(context);
}
Result<WriteStatus> FileWriteSession::CheckRoom() {
  return state_->CheckRoom();
}
Status FileWriteSession::Failure() {
  return state_->Failure();
}
std::int64_t FileWriteSession::time_ms() {
  return state_->time_ms();
}
Result<std::string*> FileWriteSession::BeginMessage(std::string_view bucket) {
  return state_->BeginMessage(bucket);
}
Status FileWriteSession::FinishMessage() {
  return state_->FinishMessage();
}
void FileWriteSession::DropMessage() {
  state_->DropMessage();
}
Status FileWriteSession::EndBlock() {
  return state_->EndBlock();
}
Result<FlushStatus> FileWriteSession::Flush(bool end_of_input) {
  return state_->Flush(end_of_input);
}
Status FileWriteSession::Restore(const RestoredFileSink& restored) {
  state_->Restore(restored);
  return Status::Ok();
}
Result<std::optional<std::vector<FileCommittable>>> FileWriteSession::PrepareCommit(
    std::uint64_t checkpoint_id, bool end_of_input) {
  return state_->PrepareCommit(checkpoint_id, end_of_input);
}
std::vector<FileWriterState> FileWriteSession::Snapshot() const {
  return {state_->writer_state()};
}
void FileWriteSession::Close() {
  state_->Close();
}

}  // namespace weir::files::internal
