#include "jobmanager/checkpoint/state_assignment.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>

#include <weir/internal/state/key_group_range.h>

#include "common/text.h"

namespace weir::jobmanager {
namespace {

using internal::KeyGroupRange;
using internal::KeyGroupRangeOf;

Status Refused(std::string message) {
  return Status(StatusCode::kFailedPrecondition, std::move(message), ErrorDomain::kUser,
                RetryHint::kNoRetry);
}

// "'Map' (1f3a…, uid 'counts')"
template <class Operator>
std::string Named(const Operator& each) {
  return Concat("'", each.name(), "' (", each.id(),
                each.uid().empty() ? std::string() : Concat(", uid '", each.uid(), "'"), ")");
}

// A vertex of the checkpoint, and what there is of state in any of its subtasks.
struct OldVertex {
  explicit OldVertex(const proto::VertexState& of) : state(&of) {
    for (const proto::SubtaskState& subtask : of.subtasks()) {
      has_handles |= subtask.handles_size() > 0 || subtask.stores_size() > 0;
      has_operator_state |= subtask.has_operator_state();
      has_union_state |= subtask.has_union_state();
      has_channel_state |= subtask.has_channel_state();
      has_finished |= subtask.finished();
    }
  }

  const proto::VertexState* state;
  bool has_handles = false;  // or stores
  bool has_operator_state = false;
  bool has_union_state = false;
  bool has_channel_state = false;
  bool has_finished = false;
};

// Old subtasks that a new one reads: a contiguous range.
struct SubtaskRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

class Assignment {
 public:
  Assignment(const proto::CheckpointMetadata& metadata, const std::string& directory,
             const proto::JobGraph& graph)
      : metadata_(metadata), directory_(directory), graph_(graph) {
    old_vertices_.reserve(static_cast<std::size_t>(metadata.vertices_size()));
    for (const proto::VertexState& vertex : metadata.vertices()) {
      old_vertices_.emplace_back(vertex);
      for (const auto& each : vertex.operators()) {
        old_vertex_of_.emplace(each.id(), &old_vertices_.back());
      }
    }
    for (const auto& each : metadata.coordinators()) {
      old_coordinators_.emplace(each.operator_id(), &each);
    }
  }

  Result<StateAssignment> Make() {
    WEIR_RETURN_IF_ERROR(RefuseLostOperators());
    assignment_.tasks.resize(static_cast<std::size_t>(graph_.vertices_size()));
    for (int i = 0; i < graph_.vertices_size(); ++i) {
      const auto index = static_cast<std::uint32_t>(i);
      WEIR_RETURN_IF_ERROR(AssignTasks(index, graph_.vertices(i)));
      WEIR_RETURN_IF_ERROR(AssignCoordinators(index, graph_.vertices(i)));
    }
    return std::move(assignment_);
  }

 private:
  Status RefuseLostOperators() const {
    std::set<std::string_view> present;
    for (const proto::JobVertex& vertex : graph_.vertices()) {
      for (const auto& each : vertex.operators()) present.insert(each.id());
    }
    for (const OldVertex& vertex : old_vertices_) {
      for (const auto& each : vertex.state->operators()) {
        if (present.contains(each.id())) continue;
        if (!vertex.has_handles && !old_coordinators_.contains(each.id())) continue;
        return Refused(Concat("checkpoint ", metadata_.checkpoint_id(), " has state of operator ",
                              Named(each), ", which the job does not have"));
      }
    }
    return Status();
  }

  Status RefuseTornState(const proto::JobVertex& vertex, const OldVertex& old) const {
    if (!old.has_handles) return Status();
    const std::uint32_t parallelism = old.state->parallelism();
    if (vertex.max_parallelism() != old.state->max_parallelism()) {
      return Refused(Concat("'", vertex.name(), "' has max parallelism ", vertex.max_parallelism(),
                            "; its state in checkpoint ", metadata_.checkpoint_id(),
                            " is of max parallelism ", old.state->max_parallelism(),
                            ", which cannot be changed: set that one"));
    }
    if (old.has_finished && old.has_union_state && vertex.parallelism() != parallelism) {
      return Refused(Concat("'", vertex.name(), "' cannot change its parallelism from ",
                            parallelism, " to ", vertex.parallelism(),
                            ": it has union or broadcast state, and some of its subtasks had "
                            "finished in checkpoint ",
                            metadata_.checkpoint_id()));
    }
    return Status();
  }

  Status AssignTasks(std::uint32_t index, const proto::JobVertex& vertex) {
    std::vector<std::pair<const OldVertex*, std::vector<std::string>>> origins;
    for (const auto& each : vertex.operators()) {
      const auto old = old_vertex_of_.find(each.id());
      if (old == old_vertex_of_.end()) continue;
      const auto known = std::find_if(origins.begin(), origins.end(),
                                      [&](const auto& of) { return of.first == old->second; });
      (known == origins.end() ? origins.emplace_back(old->second, std::vector<std::string>())
                              : *known)
          .second.push_back(each.id());
    }
    if (origins.empty()) return Status();
    std::vector<proto::TaskRestore>& tasks = assignment_.tasks[index];
    tasks.resize(vertex.parallelism());
    for (proto::TaskRestore& task : tasks) {
      task.set_checkpoint_id(metadata_.checkpoint_id());
      task.set_directory(directory_);
    }
    for (const auto& [old, operator_ids] : origins) {
      WEIR_RETURN_IF_ERROR(RefuseTornState(vertex, *old));
      if (!old->has_handles) continue;
      for (std::uint32_t subtask = 0; subtask < vertex.parallelism(); ++subtask) {
        const SubtaskRange range = SourcesOf(vertex, subtask, *old);
        AppendSources(*old->state, range, operator_ids, tasks[subtask]);
      }
    }
    return Status();
  }

  static SubtaskRange SourcesOf(const proto::JobVertex& vertex, std::uint32_t subtask,
                                const OldVertex& of) {
    const proto::VertexState& old = *of.state;
    if (vertex.parallelism() == old.parallelism() && !of.has_union_state) return {subtask, 1};
    // Records on their way go by key group, or to any one: each new subtask looks for its own.
    if (of.has_union_state || of.has_operator_state || of.has_channel_state) {
      return {0, old.parallelism()};
    }
    const KeyGroupRange groups =
        KeyGroupRangeOf(subtask, vertex.parallelism(), vertex.max_parallelism());
    const auto old_subtask_of = [&](std::uint32_t group) {
      return SubtaskOf(group, old.parallelism(), old.max_parallelism());
    };
    const std::uint32_t first = old_subtask_of(groups.first);
    return {first, old_subtask_of(groups.first + groups.count - 1) - first + 1};
  }

  static void AppendSources(const proto::VertexState& old, SubtaskRange range,
                            const std::vector<std::string>& operator_ids,
                            proto::TaskRestore& task) {
    for (std::uint32_t i = range.first; i < range.first + range.count; ++i) {
      const proto::SubtaskState& state = old.subtasks(static_cast<int>(i));
      if (state.handles().empty() && state.stores().empty()) continue;
      proto::RestoreSource& source = *task.add_sources();
      source.mutable_operator_ids()->Assign(operator_ids.begin(), operator_ids.end());
      source.set_subtask(i);
      source.set_parallelism(old.parallelism());
      source.set_max_parallelism(old.max_parallelism());
      *source.mutable_handles() = state.handles();
      for (const proto::OperatorStore& store : state.stores()) {
        if (std::ranges::find(operator_ids, store.operator_id()) != operator_ids.end()) {
          *source.add_stores() = store;
        }
      }
    }
  }

  Status AssignCoordinators(std::uint32_t index, const proto::JobVertex& vertex) {
    for (int i = 0; i < vertex.operators_size(); ++i) {
      const proto::OperatorDescription& each = vertex.operators(i);
      const auto state = old_coordinators_.find(each.id());
      const bool has_state = state != old_coordinators_.end();
      if (has_state && !each.has_coordinator()) {
        return Refused(Concat("checkpoint ", metadata_.checkpoint_id(),
                              " has the state of a coordinator of operator ", Named(each),
                              ", which has none any more"));
      }
      if (!has_state && each.has_coordinator() && old_vertex_of_.contains(each.id())) {
        return Refused(Concat("checkpoint ", metadata_.checkpoint_id(), " has operator ",
                              Named(each), ", but no state of its coordinator"));
      }
      if (!has_state) continue;
      proto::CoordinatorRestore& restore =
          assignment_.coordinators[{index, static_cast<std::uint32_t>(i)}];
      restore.set_checkpoint_id(metadata_.checkpoint_id());
      restore.set_state(state->second->state());
    }
    return Status();
  }

  const proto::CheckpointMetadata& metadata_;
  const std::string& directory_;
  const proto::JobGraph& graph_;
  std::vector<OldVertex> old_vertices_;
  std::unordered_map<std::string, const OldVertex*> old_vertex_of_;
  std::unordered_map<std::string, const proto::CoordinatorState*> old_coordinators_;
  StateAssignment assignment_;
};

}  // namespace

const proto::TaskRestore* StateAssignment::RestoreOf(std::uint32_t vertex,
                                                     std::uint32_t subtask) const {
  if (vertex >= tasks.size() || subtask >= tasks[vertex].size()) return nullptr;
  return &tasks[vertex][subtask];
}

const proto::CoordinatorRestore* StateAssignment::CoordinatorRestoreOf(
    std::uint32_t vertex, std::uint32_t operator_index) const {
  const auto found = coordinators.find({vertex, operator_index});
  return found == coordinators.end() ? nullptr : &found->second;
}

Result<StateAssignment> AssignState(const proto::CheckpointMetadata& metadata,
                                    const std::string& directory, const proto::JobGraph& graph) {
  return Assignment(metadata, directory, graph).Make();
}

}  // namespace weir::jobmanager
