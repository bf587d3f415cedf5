#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include <weir/internal/state/key_group_range.h>
#include <weir/internal/testing/state_snapshot.h>

namespace weir::testing {

using internal::ChainedKeyedTable;
using internal::ChainedOperatorState;
using internal::OperatorStateSnapshot;

namespace {

Status Mismatch(const std::string& operator_id, std::string message) {
  return Status(StatusCode::kFailedPrecondition,
                "operator " + operator_id + ": " + std::move(message), ErrorDomain::kUser,
                RetryHint::kNoRetry);
}

// Nothing: the vertex does not have it.
std::optional<std::uint32_t> IndexOf(const internal::JobVertex& vertex,
                                     const std::string& operator_id) {
  const auto found = std::find_if(vertex.operators.begin(), vertex.operators.end(),
                                  [&](const auto& each) { return each.id == operator_id; });
  if (found == vertex.operators.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - vertex.operators.begin());
}

}  // namespace

class StateSnapshot::PieceWriter final : public internal::StateWriter {
 public:
  explicit PieceWriter(std::vector<Piece>& pieces) : pieces_(pieces) {}
  Status Write(std::uint32_t key_group, std::uint32_t entries,
               std::span<const std::byte> bytes) override {
    pieces_.push_back({key_group, entries, {bytes.begin(), bytes.end()}});
    return Status::Ok();
  }

 private:
  std::vector<Piece>& pieces_;
};

std::uint64_t StateSnapshot::bytes() const {
  std::uint64_t sum = 0;
  for (const KeyedState& state : keyed_) {
    for (const Piece& piece : state.pieces) sum += piece.bytes.size();
  }
  return sum;
}

Status StateSnapshot::Save(internal::Chain& chain, const internal::JobVertex& vertex,
                           std::uint64_t checkpoint_id, std::int64_t now_ms) {
  WEIR_ASSIGN_OR_RETURN(auto operators, chain.SnapshotOperatorState(checkpoint_id));
  for (ChainedOperatorState& state : operators) {
    operators_[vertex.operators[state.operator_index].id] = std::move(state.states);
  }
  for (const ChainedKeyedTable& table : chain.keyed_tables()) {
    KeyedState& saved = keyed_.emplace_back();
    saved.operator_id = vertex.operators[table.operator_index].id;
    saved.name = table.name;
    saved.schema = table.schema;
    PieceWriter writer(saved.pieces);
    table.table->SetSnapshotTime(now_ms);
    table.table->Freeze();
    Result<bool> more = true;
    while (more.ok() && *more) more = table.table->SaveNext(writer);
    Status exported = more.status();
    if (exported.ok() && table.in_store) exported = table.table->Export(writer);
    table.table->Thaw();
    WEIR_RETURN_IF_ERROR(exported);
  }
  return Status::Ok();
}

Status StateSnapshot::RestoreKeyed(const internal::JobVertex& vertex, const TaskInformation& task,
                                   const std::vector<ChainedKeyedTable>& tables) const {
  const internal::KeyGroupRange range =
      internal::KeyGroupRangeOf(task.subtask_index, task.parallelism, task.max_parallelism);
  for (const KeyedState& state : keyed_) {
    const std::optional<std::uint32_t> index = IndexOf(vertex, state.operator_id);
    if (!index) continue;
    const auto table = std::find_if(tables.begin(), tables.end(), [&](const auto& each) {
      return each.operator_index == *index && each.name == state.name;
    });
    if (table == tables.end()) {
      return Mismatch(state.operator_id, "the snapshot has its state '" + state.name +
                                             "', the program does not declare it");
    }
    if (table->schema != state.schema) {
      return Mismatch(state.operator_id, "its state '" + state.name + "' was written as " +
                                             state.schema + ", the program declares it as " +
                                             table->schema);
    }
    for (const Piece& piece : state.pieces) {
      if (piece.key_group < range.first || piece.key_group >= range.first + range.count) continue;
      WEIR_RETURN_IF_ERROR(table->table->Restore(piece.entries, piece.bytes));
    }
  }
  return Status::Ok();
}

Status StateSnapshot::Restore(const std::vector<StateSnapshot>& subtasks,
                              const internal::JobVertex& vertex, const TaskInformation& task,
                              internal::Chain& chain) {
  const std::vector<ChainedKeyedTable> tables = chain.keyed_tables();
  for (const StateSnapshot& each : subtasks) {
    WEIR_RETURN_IF_ERROR(each.RestoreKeyed(vertex, task, tables));
  }
  std::vector<ChainedOperatorState> restored;
  for (std::uint32_t i = 0; i < vertex.operators.size(); ++i) {
    std::vector<OperatorStateSnapshot> old;
    bool any = false;
    for (const StateSnapshot& each : subtasks) {
      const auto found = each.operators_.find(vertex.operators[i].id);
      any = any || found != each.operators_.end();
      old.push_back(found == each.operators_.end() ? OperatorStateSnapshot() : found->second);
    }
    if (!any) continue;
    WEIR_ASSIGN_OR_RETURN(auto divided, RedistributeOperatorState(old, task.parallelism));
    restored.push_back({i, std::move(divided[task.subtask_index])});
  }
  chain.RestoreOperatorState(std::move(restored));
  return Status::Ok();
}

std::vector<std::string> StateSnapshot::operator_ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, states] : operators_) ids.push_back(id);
  for (const KeyedState& state : keyed_) ids.push_back(state.operator_id);
  return ids;
}

}  // namespace weir::testing
