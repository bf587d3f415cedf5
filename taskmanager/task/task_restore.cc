#include "taskmanager/task/task_restore.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>

#include <weir/internal/state/key_group_range.h>

#include "taskmanager/checkpoint/state_file_reader.h"

namespace weir::task {

using checkpoint::SectionId;
using checkpoint::SectionKind;
using checkpoint::StateFileReader;
using checkpoint::StateHandle;
using checkpoint::StateSection;
using internal::ChainedKeyedTable;
using internal::ChainedOperatorState;
using internal::OperatorStateSnapshot;

Status StateMismatch(std::string message) {
  return Status(StatusCode::kFailedPrecondition, std::move(message), ErrorDomain::kUser,
                RetryHint::kNoRetry);
}

namespace {

class ChainRestorer {
 public:
  ChainRestorer(const internal::JobVertex& vertex, std::uint32_t subtask,
                const std::vector<ChainedKeyedTable>& tables, ChannelStateRestore& channels)
      : vertex_(vertex),
        subtask_(subtask),
        groups_(internal::KeyGroupRangeOf(subtask, vertex.parallelism, vertex.max_parallelism)),
        tables_(tables),
        channels_(channels) {}

  Status Read(const RestoreSource& source, StateFileReader& reader) {
    for (SectionId id = 0; id < reader.sections().size(); ++id) {
      const StateSection& section = reader.sections()[id];
      if (std::find(source.operator_ids.begin(), source.operator_ids.end(), section.operator_id) ==
          source.operator_ids.end()) {
        continue;
      }
      WEIR_RETURN_IF_ERROR(ReadSection(source, reader, id).WithContext(Describe(section)));
    }
    return Status::Ok();
  }

  // What was read of operators, divided among the subtasks of today.
  Result<std::vector<ChainedOperatorState>> TakeOperatorState() {
    std::vector<ChainedOperatorState> restored;
    for (auto& [index, old_subtasks] : operator_state_) {
      auto divided = RedistributeOperatorState(old_subtasks, vertex_.parallelism);
      if (!divided.ok()) {
        return divided.status().WithContext("operator '" + vertex_.operators[index].name + "'");
      }
      OperatorStateSnapshot& own = (*divided)[subtask_];
      restored.push_back({.operator_index = index, .states = std::move(own)});
    }
    return restored;
  }

 private:
  Status ReadSection(const RestoreSource& source, StateFileReader& reader, SectionId id) {
    switch (reader.sections()[id].kind) {
      case SectionKind::kKeyedTable:
        return ReadKeyed(reader, id);
      case SectionKind::kOperatorState:
        return ReadOperator(source, reader, id);
      case SectionKind::kChannelState:
        break;
    }
    return channels_.Read(source, reader, id);
  }

  std::string Describe(const StateSection& section) const {
    const std::optional<std::uint32_t> index = OperatorIndex(section.operator_id);
    std::string text =
        "operator '" + (index ? vertex_.operators[*index].name : section.operator_id) + "'";
    if (section.kind == SectionKind::kKeyedTable) text += ", state '" + section.state + "'";
    if (section.kind == SectionKind::kChannelState) text += ", input '" + section.state + "'";
    return text;
  }

  std::optional<std::uint32_t> OperatorIndex(const std::string& id) const {
    for (std::uint32_t i = 0; i < vertex_.operators.size(); ++i) {
      if (vertex_.operators[i].id == id) return i;
    }
    return std::nullopt;
  }

  Status ReadKeyed(StateFileReader& reader, SectionId id) {
    const StateSection& section = reader.sections()[id];
    const std::optional<std::uint32_t> index = OperatorIndex(section.operator_id);
    const auto table = std::find_if(tables_.begin(), tables_.end(), [&](const auto& each) {
      return index == each.operator_index && each.name == section.state;
    });
    if (table == tables_.end()) {
      return StateMismatch(reader.name() + " has this state, the program has not");
    }
    if (section.max_parallelism != vertex_.max_parallelism) {
      return StateMismatch(reader.name() + " was written with maximum parallelism " +
                           std::to_string(section.max_parallelism) + ", the program has " +
                           std::to_string(vertex_.max_parallelism));
    }
    if (section.schema != table->schema) {
      return StateMismatch("the state was written as " + section.schema + " (" + reader.name() +
                           "), the program declares it as " + table->schema);
    }
    const std::vector<std::uint64_t> entries = reader.EntriesOf(id, groups_.first, groups_.count);
    for (std::uint32_t i = 0; i < groups_.count; ++i) {
      if (entries[i] > 0) table->table->Reserve(groups_.first + i, entries[i]);
    }
    return reader.ReadKeyGroups(
        id, groups_.first, groups_.count,
        [&](std::uint32_t group, std::uint32_t entries, std::span<const std::byte> bytes) {
          return table->table->Restore(entries, bytes)
              .WithContext(reader.name() + ", key group " + std::to_string(group));
        });
  }

  Status ReadOperator(const RestoreSource& source, StateFileReader& reader, SectionId id) {
    const std::optional<std::uint32_t> index = OperatorIndex(reader.sections()[id].operator_id);
    if (!index) return StateMismatch(reader.name() + " has this operator, the program has not");
    std::vector<OperatorStateSnapshot>& old_subtasks = operator_state_[*index];
    if (old_subtasks.empty()) old_subtasks.resize(source.parallelism);
    if (old_subtasks.size() != source.parallelism || source.subtask >= source.parallelism) {
      return Status::Corruption("the checkpoint gives it two parallelisms");
    }
    WEIR_ASSIGN_OR_RETURN(OperatorStateSnapshot states, reader.ReadOperatorState(id));
    OperatorStateSnapshot& of_subtask = old_subtasks[source.subtask];
    std::move(states.begin(), states.end(), std::back_inserter(of_subtask));
    return Status::Ok();
  }

  const internal::JobVertex& vertex_;
  const std::uint32_t subtask_;
  const internal::KeyGroupRange groups_;
  const std::vector<ChainedKeyedTable>& tables_;
  ChannelStateRestore& channels_;
  // By operator index, then by old subtask. One that is not among the sources stays empty: with the
  // same parallelism each subtask has its own state and nobody else's.
  std::map<std::uint32_t, std::vector<OperatorStateSnapshot>> operator_state_;
};

Status Restore(const TaskRestore& restore, FileSystem& files, WorkPool& pool,
               ChainRestorer& restorer, internal::Chain& chain) {
  for (const RestoreSource& source : restore.sources) {
    for (const StateHandle& handle : source.handles) {
      WEIR_ASSIGN_OR_RETURN(auto reader, StateFileReader::Open(files, restore.directory, handle));
      reader->SetRunBeside(
          [&pool](std::function<void()> work) { return pool.Run(std::move(work)); });
      WEIR_RETURN_IF_ERROR(restorer.Read(source, *reader)
                               .WithContext("old subtask " + std::to_string(source.subtask)));
    }
  }
  WEIR_ASSIGN_OR_RETURN(auto operator_state, restorer.TakeOperatorState());
  if (!operator_state.empty()) chain.RestoreOperatorState(std::move(operator_state));
  return Status::Ok();
}

}  // namespace

Status RestoreChain(const TaskRestore& restore, const internal::JobVertex& vertex,
                    std::uint32_t subtask, FileSystem& files, WorkPool& pool,
                    const std::vector<ChainedKeyedTable>& tables, ChannelStateRestore& channels,
                    internal::Chain& chain) {
  ChainRestorer restorer(vertex, subtask, tables, channels);
  return Restore(restore, files, pool, restorer, chain)
      .WithContext("cannot start from checkpoint " + std::to_string(restore.checkpoint_id));
}

}  // namespace weir::task
