#include <deque>
#include <utility>

#include <weir/connectors/internal/file_read_session.h>

#include "connectors/files/src/file_reader_thread.h"

namespace weir::files::internal {

class FileReadSession::State {
 public:
  State(FileSourceOptions options, Framing framing)
      : options_(std::move(options)), framing_(framing) {}

  Status Open(SourceReaderContext& context) {
    WEIR_RETURN_IF_ERROR(ValidateSource(options_));
    context_ = &context;
    thread_ = std::make_unique<FileReaderThread>(options_, framing_, context);
    context.RequestSplit();
    return Status::Ok();
  }

  Result<Run> NextRun() {
    for (;;) {
      if (block_) WEIR_RETURN_IF_ERROR(FinishBlock());
      block_ = thread_->TakeBlock();
      if (!block_) return Run();
      if (block_->messages.empty()) continue;
      return Run{block_->text, block_->messages, splits_.front().output, block_->begins_split,
                 block_->header};
    }
  }

  bool AtEnd() const { return no_more_splits_ && splits_.empty(); }

  void AddSplits(std::vector<FileSplit> splits) {
    for (FileSplit& split : splits) {
      splits_.push_back({split, context_->CreateSplitOutput()});
      thread_->Add(std::move(split));
    }
  }
  void NoMoreSplits() {
    no_more_splits_ = true;
    context_->availability()->NotifyAvailable();
  }

  std::vector<FileSplit> Snapshot(std::size_t used) const {
    std::vector<FileSplit> splits;
    for (const Assigned& assigned : splits_) splits.push_back(assigned.split);
    if (block_ && used > 0) {
      splits.front().position = block_->messages[used - 1].next_position;
      splits.front().messages += used;
    }
    // Everything of it is out, only its end was not seen yet.
    if (block_ && block_->ends_split && used == block_->messages.size()) {
      splits.erase(splits.begin());
    }
    return splits;
  }

  std::string Origin(std::size_t index) const {
    if (!block_ || splits_.empty()) return "files";
    const FileSplit& split = splits_.front().split;
    const std::uint64_t number = split.messages + index + 1;
    const std::uint64_t position =
        index == 0 ? block_->first_position : block_->messages[index - 1].next_position;
    const char* const what = framing_.kind == Framing::Kind::kLines ? " line " : " record ";
    std::string origin = split.path + what;
    // Lines of a part are counted from its beginning: nobody has counted those before.
    if (split.begin == 0) {
      origin += std::to_string(
          framing_.kind == Framing::Kind::kLines ? number + framing_.header_records : number);
    } else {
      origin += std::to_string(number) + " after byte " + std::to_string(split.begin);
    }
    return origin + ", byte " + std::to_string(position);
  }

  std::string HeaderOrigin() const {
    return (splits_.empty() ? "files" : splits_.front().split.path) + " line 1, byte 0";
  }

  void Close() { thread_.reset(); }

 private:
  struct Assigned {
    FileSplit split;
    std::uint32_t output = kMainOutput;
  };

  // All its messages are used; says why nothing follows them, if that is so.
  Status FinishBlock() {
    Assigned& current = splits_.front();
    if (!block_->messages.empty()) {
      current.split.position = block_->messages.back().next_position;
      current.split.messages += block_->messages.size();
    }
    if (block_->ends_split) {
      context_->ReleaseSplitOutput(current.output);
      splits_.pop_front();
      if (splits_.empty()) context_->RequestSplit();
    }
    Status failure = block_->failure;
    thread_->GiveBack(std::move(block_));
    return failure;
  }

  const FileSourceOptions options_;
  const Framing framing_;
  SourceReaderContext* context_ = nullptr;
  std::deque<Assigned> splits_;  // the first one is being read
  std::unique_ptr<FileReaderThread> thread_;
  std::unique_ptr<FileBlock> block_;
  bool no_more_splits_ = false;
};

FileReadSession::FileReadSession(FileSourceOptions options, Framing framing)
    : state_(std::make_unique<State>(std::move(options), framing)) {}
FileReadSession::~FileReadSession() = default;

Status FileReadSession::Open(SourceReaderContext& context) {
  return state_->Open(context);
}
Result<FileReadSession::Run> FileReadSession::NextRun() {
  return state_->NextRun();
}
bool FileReadSession::AtEnd() const {
  return state_->AtEnd();
}
void FileReadSession::AddSplits(std::vector<FileSplit> splits) {
  state_->AddSplits(std::move(splits));
}
void FileReadSession::NoMoreSplits() {
  state_->NoMoreSplits();
}
std::vector<FileSplit> FileReadSession::Snapshot(std::size_t used) const {
  return state_->Snapshot(used);
}
std::string FileReadSession::Origin(std::size_t index) const {
  return state_->Origin(index);
}
std::string FileReadSession::HeaderOrigin() const {
  return state_->HeaderOrigin();
}
void FileReadSession::Close() {
  state_->Close();
}

}  // namespace weir::files::internal
