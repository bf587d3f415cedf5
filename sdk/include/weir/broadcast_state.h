// Broadcast state: a map that all subtasks of an operator have alike, as each of them gets all
// records of the stream that fills it (weir/broadcast_stream.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <weir/internal/state/operator_state_snapshot.h>
#include <weir/internal/state/same_key.h>
#include <weir/serializer.h>
#include <weir/stable_hash.h>
#include <weir/status.h>

namespace weir {

// Names a broadcast state. K has a stable hash (weir/stable_hash.h), both can be serialized. Two
// descriptors of an operator with the same name must be of the same types.
template <class K, class V>
class MapStateDescriptor {
 public:
  explicit MapStateDescriptor(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

namespace internal {

struct StableHashOf {
  template <class K>
  std::size_t operator()(const K& key) const {
    return StableHasher<K>::Hash(key);
  }
};
struct SameKeyAs {
  template <class K>
  bool operator()(const K& a, const K& b) const {
    return SameKey(a, b);
  }
};
// Its address is the types', within one plugin.
template <class K, class V>
inline constexpr char kBroadcastTypeMark = 0;

class AnyBroadcastState {
 public:
  explicit AnyBroadcastState(std::string name) : name_(std::move(name)) {}
  virtual ~AnyBroadcastState() = default;
  const std::string& name() const { return name_; }
  virtual const void* type() const = 0;
  virtual OperatorStateItems Save() const = 0;
  virtual Status Load(const OperatorStateItems& saved) = 0;

 private:
  const std::string name_;
};

}  // namespace internal

// In memory. The task's thread; references hold until the next change.
template <class K, class V>
class BroadcastState final : public internal::AnyBroadcastState {
 public:
  using AnyBroadcastState::AnyBroadcastState;

  // Null: there is no such entry.
  const V* Find(const K& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
  }
  bool Contains(const K& key) const { return entries_.contains(key); }
  std::size_t Size() const { return entries_.size(); }
  bool IsEmpty() const { return entries_.empty(); }
  // visit(const K&, const V&) for each entry, in no particular order.
  template <class Visit>
  void ForEach(Visit&& visit) const {
    for (const auto& [key, value] : entries_) visit(key, value);
  }

  void Put(const K& key, V value) { entries_.insert_or_assign(key, std::move(value)); }
  // To be changed in place; V() where there was none.
  V& Mutable(const K& key) { return entries_[key]; }
  // False: there was none.
  bool Remove(const K& key) { return entries_.erase(key) > 0; }
  void Clear() { entries_.clear(); }

  // For the operator.
  const void* type() const override { return &internal::kBroadcastTypeMark<K, V>; }
  internal::OperatorStateItems Save() const override {
    internal::OperatorStateItems saved{name(), internal::OperatorStateMode::kBroadcast, {}};
    for (const auto& [key, value] : entries_) {
      auto& bytes = saved.items.emplace_back();
      SerializeTo(key, bytes);
      SerializeTo(value, bytes);
    }
    return saved;
  }
  Status Load(const internal::OperatorStateItems& saved) override {
    if (saved.mode != internal::OperatorStateMode::kBroadcast) {
      return Status::Corruption("operator state '" + name() + "' was of another kind when saved");
    }
    for (const auto& bytes : saved.items) {
      Result<std::pair<K, V>> entry = Deserialize<std::pair<K, V>>(bytes);
      if (!entry.ok()) return entry.status().WithContext("broadcast state '" + name() + "'");
      entries_.insert_or_assign(std::move(entry->first), std::move(entry->second));
    }
    return Status::Ok();
  }

 private:
  std::unordered_map<K, V, internal::StableHashOf, internal::SameKeyAs> entries_;
};

namespace internal {

// The broadcast states of a stream, as the program named them. A copy has the same states, empty:
// prototypes of functions are copied for each subtask.
class BroadcastStates {
 public:
  BroadcastStates() = default;
  BroadcastStates(const BroadcastStates& other) : makers_(other.makers_) {
    for (const auto& [name, make] : makers_) states_.push_back(make(name));
  }
  BroadcastStates(BroadcastStates&&) = default;
  BroadcastStates& operator=(const BroadcastStates&) = delete;
  ~BroadcastStates() = default;

  template <class K, class V>
  void Add(const MapStateDescriptor<K, V>& descriptor) {
    makers_.emplace_back(descriptor.name(), &Make<K, V>);
    states_.push_back(Make<K, V>(descriptor.name()));
  }
  const std::vector<std::unique_ptr<AnyBroadcastState>>& all() const { return states_; }

  // Null, and an error in `failure`: the stream was not broadcast with this descriptor.
  template <class K, class V>
  BroadcastState<K, V>* Find(const MapStateDescriptor<K, V>& descriptor, Status& failure) const {
    for (const auto& state : states_) {
      if (state->name() != descriptor.name()) continue;
      if (state->type() == &kBroadcastTypeMark<K, V>) {
        return static_cast<BroadcastState<K, V>*>(state.get());
      }
      failure = Status::UserError("broadcast state '" + descriptor.name() +
                                  "' is asked for with other types than it was declared with");
      return nullptr;
    }
    failure = Status::UserError("broadcast state '" + descriptor.name() +
                                "' is not among those that the stream was broadcast with");
    return nullptr;
  }

 private:
  using Maker = std::unique_ptr<AnyBroadcastState> (*)(const std::string& name);
  template <class K, class V>
  static std::unique_ptr<AnyBroadcastState> Make(const std::string& name) {
    return std::make_unique<BroadcastState<K, V>>(name);
  }
  std::vector<std::pair<std::string, Maker>> makers_;
  std::vector<std::unique_ptr<AnyBroadcastState>> states_;
};

}  // namespace internal
}  // namespace weir
