// Functions on a stream with another one that is broadcast to all subtasks: rules, settings, small
// tables. weir/broadcast_stream.h connects the two.
//
//   const weir::MapStateDescriptor<std::string, Rule> kRules{"rules"};
//   struct Match {
//     void ProcessElement(const Event& event, weir::ReadOnlyBroadcastContext& context,
//                         weir::Collector<Alert>& out) {
//       const Rule* rule = context.GetBroadcastState(kRules).Find(event.kind);
//       if (rule != nullptr && event.value > rule->limit) out.Collect({event, rule->name});
//     }
//     void ProcessBroadcastElement(const Rule& rule, weir::BroadcastContext& context,
//                                  weir::Collector<Alert>& out) {
//       context.GetBroadcastState(kRules).Put(rule.kind, rule);
//     }
//   };
//
// On a keyed stream the contexts are KeyedReadOnlyBroadcastContext<K> (with the key, its states and
// timers) and KeyedBroadcastContext<K>, and there may be a
// void OnTimer(std::int64_t, weir::KeyedBroadcastOnTimerContext<K>&, weir::Collector<U>&).
//
// Every subtask sees all broadcast records, but not in the same order relative to others: what
// ProcessBroadcastElement makes of them must not depend on that, nor on the subtask, else the
// states differ. Results of that call come from every subtask.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include <weir/broadcast_state.h>
#include <weir/collector.h>
#include <weir/internal/function_traits.h>
#include <weir/internal/state/keyed_state_backend.h>
#include <weir/process_context.h>
#include <weir/runtime_context.h>
#include <weir/status.h>

namespace weir {

namespace internal {

// A context that knows the operator's broadcast states.
template <class Context>
class WithBroadcastStates : public Context {
 public:
  using Context::Context;

  // For the operator.
  void SetBroadcastStates(const BroadcastStates& states) { states_ = &states; }

 protected:
  // A wrong descriptor fails the task when the call returns; until then it has a state of its own.
  template <class K, class V>
  BroadcastState<K, V>& StateOf(const MapStateDescriptor<K, V>& descriptor) {
    Status wrong;
    BroadcastState<K, V>* found = states_->Find(descriptor, wrong);
    if (found != nullptr) [[likely]] {
      return *found;
    }
    this->failure().Report(std::move(wrong));
    auto stray = std::make_unique<BroadcastState<K, V>>(descriptor.name());
    BroadcastState<K, V>& state = *stray;
    strays_.push_back(std::move(stray));
    return state;
  }

 private:
  const BroadcastStates* states_ = nullptr;
  std::vector<std::unique_ptr<AnyBroadcastState>> strays_;
};

template <class Context>
class ReadingBroadcastContext : public WithBroadcastStates<Context> {
 public:
  using WithBroadcastStates<Context>::WithBroadcastStates;
  template <class K, class V>
  const BroadcastState<K, V>& GetBroadcastState(const MapStateDescriptor<K, V>& descriptor) {
    return this->StateOf(descriptor);
  }
};

}  // namespace internal

// Given to ProcessElement: may read broadcast state.
class ReadOnlyBroadcastContext : public internal::ReadingBroadcastContext<ProcessContext> {
 public:
  using ReadingBroadcastContext::ReadingBroadcastContext;
};
// The same on a keyed stream, with what KeyedProcessContext has.
template <class K>
class KeyedReadOnlyBroadcastContext
    : public internal::ReadingBroadcastContext<KeyedProcessContext<K>> {
 public:
  using internal::ReadingBroadcastContext<KeyedProcessContext<K>>::ReadingBroadcastContext;
};
template <class K>
class KeyedBroadcastOnTimerContext : public internal::ReadingBroadcastContext<OnTimerContext<K>> {
 public:
  using internal::ReadingBroadcastContext<OnTimerContext<K>>::ReadingBroadcastContext;
};

// Given to ProcessBroadcastElement: may change broadcast state.
class BroadcastContext : public internal::WithBroadcastStates<ProcessContext> {
 public:
  using WithBroadcastStates::WithBroadcastStates;
  template <class K, class V>
  BroadcastState<K, V>& GetBroadcastState(const MapStateDescriptor<K, V>& descriptor) {
    return this->StateOf(descriptor);
  }
};
// The same beside a keyed stream. A broadcast record is of no key, but may look at all of them.
template <class K>
class KeyedBroadcastContext : public BroadcastContext {
 public:
  using BroadcastContext::BroadcastContext;

  // apply(weir::KeyedProcessContext<K>&) for each key of this subtask that has this state (a member
  // of the function), which may use all states of the key. Costs a walk over the state.
  template <class State, class Apply>
  void ApplyToKeyedState(const State& state, Apply&& apply) {
    std::unordered_set<K, internal::StableHashOf, internal::SameKeyAs> keys;
    backend_->ForEachEntryKey<K>(state.name(), [&keys](const K& key) { keys.insert(key); });
    for (const K& key : keys) {
      keyed_->SetKey(key, StableHasher<K>::Hash(key));
      keyed_->SetTimestamp(this->timestamp_ms());
      keyed_->SetWatermark(this->current_watermark_ms());
      apply(static_cast<KeyedProcessContext<K>&>(*keyed_));
      backend_->Evict();
    }
  }

  // For the operator.
  void SetKeyedState(const internal::KeyedStateBackend& backend, KeyedProcessContext<K>& keyed) {
    backend_ = &backend;
    keyed_ = &keyed;
  }

 private:
  const internal::KeyedStateBackend* backend_ = nullptr;
  KeyedProcessContext<K>* keyed_ = nullptr;
};

// ProcessElement(const A&, ReadOnlyBroadcastContext&, Collector<U>&) and
// ProcessBroadcastElement(const B&, BroadcastContext&, Collector<U>&), both void.
template <class F, class A, class B, class U>
concept BroadcastProcessFunction =
    !std::is_void_v<U> && requires(F& f, const A& a, const B& b, ReadOnlyBroadcastContext& reading,
                                   BroadcastContext& writing, Collector<U>& out) {
      f.ProcessElement(a, reading, out);
      f.ProcessBroadcastElement(b, writing, out);
    };
// The same with KeyedReadOnlyBroadcastContext<K> and KeyedBroadcastContext<K>.
template <class F, class A, class B, class K, class U>
concept KeyedBroadcastProcessFunction =
    !std::is_void_v<U> &&
    requires(F& f, const A& a, const B& b, KeyedReadOnlyBroadcastContext<K>& reading,
             KeyedBroadcastContext<K>& writing, Collector<U>& out) {
      f.ProcessElement(a, reading, out);
      f.ProcessBroadcastElement(b, writing, out);
    };
template <class F, class K, class U>
concept HasBroadcastOnTimer =
    requires(F& f, KeyedBroadcastOnTimerContext<K>& context, Collector<U>& out) {
      f.OnTimer(std::int64_t{}, context, out);
    };

namespace internal {

// A user function with the broadcast states that it is given.
template <class F>
struct BroadcastFunction {
  F function;
  BroadcastStates broadcast_states;
  Status Open(RuntimeContext& context) { return OpenFunction(function, context); }
  Status Close() { return CloseFunction(function); }
  std::vector<std::string> SideOutputs() const
    requires requires(const F& f) { f.SideOutputs(); }
  {
    return function.SideOutputs();
  }
};

}  // namespace internal
}  // namespace weir
