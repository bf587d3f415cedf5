#include <algorithm>
#include <utility>

#include <weir/internal/sinks/commit_thread.h>
#include <weir/internal/sinks/two_phase_commit.h>
#include <weir/serializer.h>

namespace weir::internal {
namespace {

constexpr std::uint8_t kVersion = 1;

// What an item holds behind version and subtask.
enum class Content { kSink, kCommittable, kWriter };

bool ReadContent(ByteReader& in, Content content, SinkStateItem& item) {
  if (content != Content::kWriter && !in.ReadFixed(item.checkpoint_id)) return false;
  if (content == Content::kSink && !in.ReadFixed(item.highest_parallelism)) return false;
  item.bytes.resize(in.remaining());
  return in.ReadBytes(item.bytes.data(), item.bytes.size()) &&
         (content != Content::kSink || item.bytes.empty());
}

Result<std::vector<SinkStateItem>> ReadItems(const OperatorStateItems& state, Content content) {
  std::vector<SinkStateItem> items;
  items.reserve(state.items.size());
  for (const auto& bytes : state.items) {
    ByteReader in(bytes);
    std::uint8_t version = 0;
    if (!in.ReadFixed(version)) return Status::Corruption("'" + state.name + "' is cut off");
    if (version != kVersion) {
      return Status::Corruption("'" + state.name + "' is of version " + std::to_string(version) +
                                "; this one reads version " + std::to_string(kVersion));
    }
    SinkStateItem& item = items.emplace_back();
    if (!in.ReadFixed(item.subtask) || !ReadContent(in, content, item)) {
      return Status::Corruption("'" + state.name + "' is malformed");
    }
  }
  return items;
}

std::vector<std::byte> WriteItem(const SinkStateItem& item, Content content) {
  std::vector<std::byte> bytes;
  ByteWriter writer(bytes);
  writer.WriteFixed(kVersion);
  writer.WriteFixed(item.subtask);
  if (content != Content::kWriter) writer.WriteFixed(item.checkpoint_id);
  if (content == Content::kSink) writer.WriteFixed(item.highest_parallelism);
  writer.WriteBytes(item.bytes.data(), item.bytes.size());
  writer.Finish();
  return bytes;
}

void WriteItems(std::string_view name, const std::vector<SinkStateItem>& items, Content content,
                OperatorStateSnapshot& out) {
  if (items.empty()) return;
  OperatorStateItems& state = out.emplace_back(
      OperatorStateItems{std::string(name), OperatorStateMode::kUnionOnRescale, {}});
  state.items.reserve(items.size());
  for (const SinkStateItem& item : items) state.items.push_back(WriteItem(item, content));
}

}  // namespace

Result<RestoredSinkState> ReadSinkState(const OperatorStateSnapshot* snapshot) {
  RestoredSinkState read;
  if (snapshot == nullptr) return read;
  for (const OperatorStateItems& state : *snapshot) {
    if (state.name == kCommittablesStateName) {
      WEIR_ASSIGN_OR_RETURN(read.committables, ReadItems(state, Content::kCommittable));
    } else if (state.name == kWriterStateName) {
      WEIR_ASSIGN_OR_RETURN(read.writer_states, ReadItems(state, Content::kWriter));
    } else if (state.name == kSinkStateName) {
      WEIR_ASSIGN_OR_RETURN(const std::vector<SinkStateItem> sinks,
                            ReadItems(state, Content::kSink));
      for (const SinkStateItem& sink : sinks) {
        read.restored = true;
        read.checkpoint_id = std::max(read.checkpoint_id, sink.checkpoint_id);
        read.highest_parallelism = std::max(read.highest_parallelism, sink.highest_parallelism);
      }
    }
  }
  std::stable_sort(read.committables.begin(), read.committables.end(),
                   [](const auto& a, const auto& b) { return a.checkpoint_id < b.checkpoint_id; });
  return read;
}

void WriteSinkState(const RestoredSinkState& state, std::uint32_t subtask,
                    OperatorStateSnapshot& out) {
  WriteItems(kSinkStateName, {{subtask, state.checkpoint_id, state.highest_parallelism, {}}},
             Content::kSink, out);
  WriteItems(kCommittablesStateName, state.committables, Content::kCommittable, out);
  WriteItems(kWriterStateName, state.writer_states, Content::kWriter, out);
}

TwoPhaseCommit::TwoPhaseCommit(std::string sink, const CommitOptions& options,
                               std::uint32_t subtask)
    : sink_(std::move(sink)), options_(options), subtask_(subtask), log_(options) {}

TwoPhaseCommit::~TwoPhaseCommit() = default;

bool TwoPhaseCommit::recovered() const {
  return thread_->recovered();
}

void TwoPhaseCommit::Complete(std::uint64_t checkpoint_id) {
  thread_->Add(log_.Complete(checkpoint_id));
}

bool TwoPhaseCommit::all_committed() const {
  return log_.size() == thread_->committed() - forgotten_;
}

void TwoPhaseCommit::Start(std::vector<LoggedCommittable> restored,
                           std::unique_ptr<CommitCalls> calls,
                           std::shared_ptr<Availability> availability) {
  thread_ =
      std::make_unique<CommitThread>(sink_, options_, std::move(calls),
                                     log_.Restore(std::move(restored)), std::move(availability));
}

Result<std::uint64_t> TwoPhaseCommit::Poll() {
  WEIR_RETURN_IF_ERROR(thread_->Failure());
  const std::uint64_t committed = thread_->committed();
  if (committed == forgotten_) return std::uint64_t{0};
  const std::uint64_t checkpoint_id = log_.Committed(committed - forgotten_);
  forgotten_ = committed;
  return checkpoint_id;
}

Result<bool> TwoPhaseCommit::HasRoom() const {
  switch (log_.room()) {
    case CommittableLog::Room::kRoom:
      return true;
    case CommittableLog::Room::kWait:
      return false;
    case CommittableLog::Room::kFull:
      break;
  }
  return Status(StatusCode::kResourceExhausted,
                "sink '" + sink_ +
                    "': " + std::to_string(options_.maximum_outstanding_checkpoints) +
                    " checkpoints in a row were given up, and it cannot prepare more "
                    "(CommitOptions::maximum_outstanding_checkpoints)",
                ErrorDomain::kSystem);
}

std::vector<SinkStateItem> TwoPhaseCommit::committables() const {
  std::vector<SinkStateItem> items;
  items.reserve(log_.size());
  for (const auto& entry : log_.entries()) {
    items.push_back({entry->subtask, entry->checkpoint_id, 0, entry->bytes});
  }
  return items;
}

}  // namespace weir::internal
