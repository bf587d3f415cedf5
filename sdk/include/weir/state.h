// Keyed state: what a function on a keyed stream remembers for each key.
//
//   struct CountBids {
//     weir::ValueState<std::int64_t> count{"count"};
//     auto States() { return std::tie(count); }
//     void ProcessElement(const Bid& bid, weir::KeyedProcessContext<std::int64_t>& context,
//                         weir::Collector<Count>& out) {
//       std::int64_t& n = count.Mutable(context);
//       out.Collect({context.key(), ++n});
//     }
//   };
//   stream.KeyBy(&Auction).Process(CountBids()).Uid("count-bids");
//
// A state is declared up front: a member with a name, listed in States(). The name, with the
// operator's uid, is how the state is found again in a checkpoint. Every use names the context of
// the call, which says whose state is meant. Reads are const; writing is explicit, because a
// running snapshot must see what was there before.
//
// Where state lies, in memory or in RocksDB, is configuration: functions need not know.
//
// References and pointers to state hold until the next write to any state of the function, and
// never beyond the call. The task's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/state/state_entries.h>
#include <weir/state_ttl.h>
#include <weir/status.h>

namespace weir {

// One value for each key. Ttl: NoTtl, or WithTtl (weir/state_ttl.h).
template <class T, class Ttl = NoTtl>
class ValueState {
 public:
  explicit ValueState(std::string name)
    requires std::is_same_v<Ttl, NoTtl>
      : name_(std::move(name)) {}
  ValueState(std::string name, const StateTtlConfig& ttl)
    requires std::is_same_v<Ttl, WithTtl>
      : name_(std::move(name)), entries_(ttl) {}
  const std::string& name() const { return name_; }

  // Null: the key has none.
  template <class Context>
  const T* Find(const Context& context) const {
    return entries_.Find(context, kNoMapKey);
  }
  template <class Context>
  T ValueOr(const Context& context, T otherwise) const {
    const T* found = Find(context);
    return found == nullptr ? std::move(otherwise) : *found;
  }
  template <class Context>
  void Update(const Context& context, T value) {
    internal::EntryWas was = internal::EntryWas::kThere;
    T& stored = entries_.Upsert(context, kNoMapKey, was, [&] { return std::move(value); });
    if (was != internal::EntryWas::kMissing) stored = std::move(value);
  }
  // To be changed in place; T() where there was none.
  template <class Context>
  T& Mutable(const Context& context) {
    return entries_.Mutable(context, kNoMapKey);
  }
  // False: there was none.
  template <class Context>
  bool Clear(const Context& context) {
    return entries_.Erase(context, kNoMapKey);
  }

  // For the operator: once; then, with a time to live, between records.
  template <class K>
  void Bind(internal::KeyedStateBackend& backend) {
    entries_.template Bind<K>(backend, name_);
  }
  template <class K>
  void CleanUp(std::int64_t now_ms, std::uint32_t records)
    requires std::is_same_v<Ttl, WithTtl>
  {
    entries_.template CleanUp<K>(now_ms, records, [this](const auto& at, const auto& map_key) {
      entries_.Erase(at, map_key);
    });
  }
  Status Check() const { return internal::CheckEntries(entries_, name_); }

 private:
  static constexpr internal::NoMapKey kNoMapKey{};

  std::string name_;
  internal::StateEntries<internal::NoMapKey, T, Ttl> entries_;
};

namespace internal {

template <class F>
concept HasStates = requires(F& f) { f.States(); };

template <class K, class F>
void BindStates(F& function, KeyedStateBackend& backend) {
  if constexpr (HasStates<F>) {
    std::apply([&](auto&... state) { (state.template Bind<K>(backend), ...); }, function.States());
  }
}
template <class F>
std::vector<std::string> StateNamesOf(F& function) {
  std::vector<std::string> names;
  if constexpr (HasStates<F>) {
    std::apply([&](auto&... state) { (names.push_back(state.name()), ...); }, function.States());
  }
  return names;
}
// Why a state cannot be as it is declared.
template <class F>
Status CheckStates(F& function) {
  Status first;
  if constexpr (HasStates<F>) {
    const auto check = [&first](const auto& state) {
      if (first.ok()) first = state.Check();
    };
    std::apply([&](auto&... state) { (check(state), ...); }, function.States());
  }
  return first;
}
// What has expired goes, some of it: between records, `records` of which have come.
template <class K, class F>
void CleanUpStates(F& function, std::int64_t now_ms, std::uint32_t records) {
  if constexpr (HasStates<F>) {
    const auto clean_up = [&](auto& state) {
      if constexpr (requires { state.template CleanUp<K>(now_ms, records); }) {
        state.template CleanUp<K>(now_ms, records);
      }
    };
    std::apply([&](auto&... state) { (clean_up(state), ...); }, function.States());
  }
}

}  // namespace internal
}  // namespace weir
