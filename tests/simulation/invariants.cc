#include "tests/simulation/invariants.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <weir/stable_hash.h>

#include "jobmanager/checkpoint/checkpoint_metadata.h"
#include "taskmanager/checkpoint/state_file_reader.h"
#include "tests/unit/taskmanager_task/counting_table.h"

namespace weir::simulation {
namespace {

checkpoint::StateHandle FromProto(const proto::StateHandle& handle) {
  if (!handle.has_file()) return {.location = checkpoint::InlineState{handle.inline_()}};
  return {.location =
              checkpoint::StateFileLocation{.path = handle.file().path(),
                                            .size_bytes = handle.file().size_bytes(),
                                            .footer_checksum = handle.file().footer_checksum()}};
}

Status Wrong(std::string what) {
  return Status::Corruption(std::move(what));
}

}  // namespace

Invariants::Invariants(MemoryFiles& disk, OutsideWorld& outside, History& history)
    : disk_(disk), outside_(outside), history_(history) {
  disk_.on_rename = [this](const std::string& path) { OnRename(path); };
}

void Invariants::OnSubmit(const JobShape& shape, std::string directory) {
  initial_ = directory_.empty() ? 0 : NewestOnDisk();
  gone_.clear();
  if (initial_ > 0) {
    const Result<Content> content = ReadContent(initial_);
    if (!content.ok()) {
      violations_.push_back("the new job cannot start: " + content.status().message());
      return;
    }
    for (const Number number : content->emitted) {
      if (!content->counts.contains(number)) gone_.insert(number);
    }
  }
  shape_ = shape;
  directory_ = std::move(directory);
  outside_.ForgetHeard();
}

std::string Invariants::NewestCheckpoint() {
  const std::uint64_t newest = NewestOnDisk();
  return newest == 0 ? "" : directory_ + "/chk-" + std::to_string(newest);
}

Invariants::~Invariants() {
  disk_.on_rename = nullptr;
}

void Invariants::OnRename(const std::string& path) {
  const std::string prefix = directory_ + "/chk-";
  if (!path.starts_with(prefix) || !path.ends_with("/_metadata")) return;
  ++completed_;
  const std::uint64_t id = std::strtoull(path.c_str() + prefix.size(), nullptr, 10);
  Status checked = CheckCheckpoint(id);
  if (checked.ok() && id <= last_completed_) {
    checked = Wrong("completed after checkpoint " + std::to_string(last_completed_));
  }
  last_completed_ = std::max(last_completed_, id);
  history_.Note("COMPLETED " + path + ": " + checked.ToString());
  if (!checked.ok()) violations_.push_back(path + ": " + checked.message());
}

std::uint64_t Invariants::NewestOnDisk() {
  const Result<std::vector<std::string>> names = disk_.List(directory_);
  std::uint64_t newest = 0;
  if (!names.ok()) return newest;
  for (const std::string& name : *names) {
    if (!name.starts_with("chk-")) continue;
    const Result<bool> complete = disk_.Exists(directory_ + "/" + name + "/_metadata");
    if (complete.ok() && *complete) {
      newest = std::max<std::uint64_t>(newest, std::strtoull(name.c_str() + 4, nullptr, 10));
    }
  }
  return newest;
}

void Invariants::CheckPowerLost() {
  // One whose name is lost again was not complete: its number may come again.
  const std::uint64_t newest = NewestOnDisk();
  last_completed_ = std::max(newest, initial_);
  permitted_.erase(permitted_.upper_bound(last_completed_), permitted_.end());
  outside_.SetFinished({});
  if (last_completed_ < outside_.last_heard()) {
    violations_.push_back("checkpoint " + std::to_string(outside_.last_heard()) +
                          " was told to be complete and is lost with the power");
    return;
  }
  if (newest == 0) return;
  const Status checked = CheckCheckpoint(last_completed_);
  if (checked.ok()) return;
  violations_.push_back("after the loss of power, checkpoint " + std::to_string(last_completed_) +
                        ": " + checked.message());
}

Result<Invariants::Content> Invariants::ReadContent(std::uint64_t checkpoint_id) {
  WEIR_ASSIGN_OR_RETURN(
      const proto::CheckpointMetadata metadata,
      jobmanager::ReadCheckpointMetadata(
          disk_, directory_ + "/chk-" + std::to_string(checkpoint_id) + "/_metadata"));
  Content content;
  for (std::uint32_t split = 0; split < shape_.splits; ++split) {
    const SplitProgress whole = WholeSplit(shape_, split);
    for (Number number = whole.next; number < whole.end; ++number) content.emitted.insert(number);
  }
  for (const proto::CoordinatorState& coordinator : metadata.coordinators()) {
    WEIR_ASSIGN_OR_RETURN(const auto unassigned, DecodeUnassigned(coordinator.state()));
    for (const std::uint32_t split : unassigned) {
      const SplitProgress whole = WholeSplit(shape_, split);
      for (Number number = whole.next; number < whole.end; ++number) content.emitted.erase(number);
    }
  }
  if (metadata.vertices_size() != 3) return Wrong("it has another number of vertices");
  for (const proto::VertexState& vertex : metadata.vertices()) {
    WEIR_RETURN_IF_ERROR(ReadVertex(vertex, content));
  }
  return content;
}

Status Invariants::CheckCheckpoint(std::uint64_t checkpoint_id) {
  WEIR_ASSIGN_OR_RETURN(Content content, ReadContent(checkpoint_id));
  std::set<std::uint64_t> committed = outside_.committed();
  permitted_[checkpoint_id] = content.transactions;
  outside_.SetFinished(content.finished);
  content.transactions.merge(committed);
  if (!shape_.forward) WEIR_RETURN_IF_ERROR(CheckCounts(content));
  return CheckTransactions(content);
}

Status Invariants::ReadVertex(const proto::VertexState& vertex, Content& content) {
  const std::string& name = vertex.operators(0).uid();
  const bool counts = name == "count";
  const bool finished = std::ranges::all_of(
      vertex.subtasks(), [](const proto::SubtaskState& subtask) { return subtask.finished(); });
  if (finished) content.finished.insert(name == "source" ? kSource : counts ? kCount : kSink);
  for (const proto::SubtaskState& subtask : vertex.subtasks()) {
    if (counts) content.count_finished.push_back(subtask.finished());
    for (const proto::StateHandle& handle : subtask.handles()) {
      WEIR_RETURN_IF_ERROR(ReadSubtask(vertex, subtask, handle, content));
    }
  }
  return Status::Ok();
}

Status Invariants::ReadSubtask(const proto::VertexState& vertex, const proto::SubtaskState& subtask,
                               const proto::StateHandle& handle, Content& content) {
  WEIR_ASSIGN_OR_RETURN(const auto reader,
                        checkpoint::StateFileReader::Open(disk_, directory_, FromProto(handle)));
  for (checkpoint::SectionId id = 0; id < reader->sections().size(); ++id) {
    if (reader->sections()[id].kind == checkpoint::SectionKind::kKeyedTable) {
      task::CountingTable table(subtask.subtask(), vertex.parallelism());
      WEIR_RETURN_IF_ERROR(reader->ReadKeyGroups(
          id, 0, kMaxParallelism,
          [&](std::uint32_t, std::uint32_t entries, std::span<const std::byte> bytes) {
            return table.table().Restore(entries, bytes);
          }));
      for (const auto& [number, count] : table.Content()) content.counts[number] += count;
      continue;
    }
    if (reader->sections()[id].kind == checkpoint::SectionKind::kChannelState) {
      const bool counts = vertex.operators(0).uid() == "count";
      WEIR_RETURN_IF_ERROR(ReadChannels(*reader, id, counts ? content.to_count : content.to_sink));
      continue;
    }
    WEIR_ASSIGN_OR_RETURN(const internal::OperatorStateSnapshot states,
                          reader->ReadOperatorState(id));
    for (const internal::OperatorStateItems& items : states) {
      for (const StateItem& item : items.items) {
        if (items.name == kSplitsState) {
          const SplitProgress split = DecodeSplit(item);
          for (Number number = split.next; number < split.end; ++number) {
            content.emitted.erase(number);
          }
        } else {
          content.transactions.insert(DecodeCommittable(item).transaction);
        }
      }
    }
  }
  return Status::Ok();
}

Status Invariants::ReadChannels(checkpoint::StateFileReader& reader, checkpoint::SectionId id,
                                std::vector<Number>& numbers) {
  return reader.ReadChannelState(
      id, [&](std::uint32_t, std::span<const std::byte> bytes) -> Status {
        const task::NumberChannelType type;
        while (!bytes.empty()) {
          task::Numbers batch(internal::kMaximumBatchCapacity);
          WEIR_ASSIGN_OR_RETURN(const std::size_t consumed, type.Decode(bytes, batch));
          bytes = bytes.subspan(consumed);
          numbers.insert(numbers.end(), batch.records(), batch.records() + batch.size());
        }
        return Status::Ok();
      });
}

Status Invariants::CheckCounts(const Content& content) const {
  const std::set<Number> to_count(content.to_count.begin(), content.to_count.end());
  for (const auto& [number, count] : content.counts) {
    if (count != 1) {
      return Wrong("number " + std::to_string(number) + " was counted " + std::to_string(count) +
                   " times");
    }
    if (!content.emitted.contains(number)) {
      return Wrong("number " + std::to_string(number) + " was counted; the sources will send it");
    }
    if (to_count.contains(number)) {
      return Wrong("number " + std::to_string(number) + " was counted and is on its way");
    }
  }
  for (const Number number : content.emitted) {
    const std::uint32_t subtask = task::SubtaskOfNumber(number, shape_.parallelism[kCount]);
    const bool gone = content.count_finished[subtask] || gone_.contains(number);
    if (!content.counts.contains(number) && !to_count.contains(number) && !gone) {
      return Wrong("number " + std::to_string(number) + " was sent and is not counted");
    }
  }
  return Status::Ok();
}

Status Invariants::CheckTransactions(const Content& content) const {
  std::set<Number> written;
  for (const std::uint64_t transaction : content.transactions) {
    for (const Number number : outside_.Numbers(transaction)) {
      if (!content.emitted.contains(number)) {
        return Wrong("number " + std::to_string(number) + " was written; the sources will send it");
      }
      if (!written.insert(number).second) {
        return Wrong("number " + std::to_string(number) + " is written twice");
      }
    }
  }
  for (const auto& on_their_way : {content.to_count, content.to_sink}) {
    for (const Number number : on_their_way) {
      if (!content.emitted.contains(number)) {
        return Wrong("number " + std::to_string(number) +
                     " is on its way; the sources will send it");
      }
      if (!written.insert(number).second) {
        return Wrong("number " + std::to_string(number) + " is on its way and written, or twice");
      }
    }
  }
  for (const Number number : content.emitted) {
    if (!written.contains(number)) {
      return Wrong("number " + std::to_string(number) + " was sent and is not written");
    }
  }
  return Status::Ok();
}

void Invariants::CheckEnd() {
  std::map<Number, int> written;
  for (const std::uint64_t transaction : outside_.committed()) {
    for (const Number number : outside_.Numbers(transaction)) ++written[number];
  }
  for (Number number = 0; number < shape_.total(); ++number) {
    if (written[number] == 1) continue;
    violations_.push_back("at the end number " + std::to_string(number) + " is written " +
                          std::to_string(written[number]) + " times");
  }
  for (const std::string& path : disk_.FilesBelow(directory_)) {
    violations_.push_back("at the end there is still " + path);
  }
}

std::vector<std::string> Invariants::violations() const {
  std::vector<std::string> all = violations_;
  all.insert(all.end(), outside_.violations().begin(), outside_.violations().end());
  std::set<std::uint64_t> permitted;
  for (const auto& [id, transactions] : permitted_) {
    permitted.insert(transactions.begin(), transactions.end());
  }
  for (const std::uint64_t transaction : outside_.committed()) {
    if (permitted.contains(transaction)) continue;
    all.push_back("transaction " + std::to_string(transaction) +
                  " was committed; no completed checkpoint holds it");
  }
  return all;
}

}  // namespace weir::simulation
