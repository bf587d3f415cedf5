// Operator state: what a function keeps per subtask, not per key, and hooks for checkpoints
// (Flink's CheckpointedFunction and CheckpointListener).
//
//   struct Batching {
//     weir::OperatorListState<Order> kept{"kept"};  // restored: divided among the subtasks
//     weir::UnionListState<std::int64_t> offsets{"offsets"};  // restored: all to every subtask
//     auto OperatorStates() { return std::tie(kept, offsets); }
//
//     void InitializeState(const weir::FunctionInitializationContext& context);
//     void SnapshotState(const weir::FunctionSnapshotContext& context) { kept.Update(orders_); }
//     void NotifyCheckpointComplete(std::uint64_t checkpoint_id);
//     void NotifyCheckpointAborted(std::uint64_t checkpoint_id);
//     …
//   };
//
// A function has any of these, each returning void or Status. States are declared up front, as
// members with names listed in OperatorStates(); an operator with such a state needs a Uid. They
// are held in memory and copied by each checkpoint: for offsets, buffers and the like. The task's
// thread only.
//
// Order of calls: states are filled, InitializeState, Open, records. SnapshotState is called
// between records, whenever a checkpoint is taken; the states are copied right behind it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/state/operator_state_snapshot.h>
#include <weir/runtime_context.h>
#include <weir/serializer.h>
#include <weir/status.h>

namespace weir {

// Given to InitializeState(); valid during the call.
class FunctionInitializationContext {
 public:
  FunctionInitializationContext(RuntimeContext& runtime, bool restored)
      : runtime_(runtime), restored_(restored) {}
  // The job starts from a checkpoint or savepoint that holds this operator.
  bool restored() const { return restored_; }
  RuntimeContext& runtime() const { return runtime_; }

 private:
  RuntimeContext& runtime_;
  const bool restored_;
};

// Given to SnapshotState(); valid during the call.
class FunctionSnapshotContext {
 public:
  explicit FunctionSnapshotContext(std::uint64_t checkpoint_id) : checkpoint_id_(checkpoint_id) {}
  std::uint64_t checkpoint_id() const { return checkpoint_id_; }

 private:
  const std::uint64_t checkpoint_id_;
};

namespace internal {

// Items of any serializable type. The mode says what a restore does with them.
template <class T, OperatorStateMode kMode>
class ListOfItems {
 public:
  explicit ListOfItems(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }

  const std::vector<T>& Get() const { return items_; }
  void Add(T item) { items_.push_back(std::move(item)); }
  void AddAll(const std::vector<T>& items) {
    items_.insert(items_.end(), items.begin(), items.end());
  }
  void Update(std::vector<T> items) { items_ = std::move(items); }
  void Clear() { items_.clear(); }

  // For the operator.
  OperatorStateItems Save() const {
    OperatorStateItems saved{name_, kMode, {}};
    saved.items.reserve(items_.size());
    for (const T& item : items_) SerializeTo(item, saved.items.emplace_back());
    return saved;
  }
  // For the operator. Corruption where the bytes cannot be read as a T. The type that wrote them is
  // not saved: those of another one that fit are read as a T.
  Status Load(const OperatorStateItems& saved) {
    if (saved.mode != kMode) {
      return Status::Corruption("operator state '" + name_ + "' was of another kind when saved");
    }
    items_.clear();
    items_.reserve(saved.items.size());
    for (const auto& bytes : saved.items) {
      Result<T> item = Deserialize<T>(bytes);
      if (!item.ok()) return item.status().WithContext("operator state '" + name_ + "'");
      items_.push_back(*std::move(item));
    }
    return Status::Ok();
  }

 private:
  std::string name_;
  std::vector<T> items_;
};

}  // namespace internal

// After a restore at another parallelism each item is with one subtask.
template <class T>
using OperatorListState = internal::ListOfItems<T, internal::OperatorStateMode::kSplit>;
// After any restore each subtask has the items of all.
template <class T>
using UnionListState = internal::ListOfItems<T, internal::OperatorStateMode::kUnion>;

}  // namespace weir
