// What is added to a key is reduced or aggregated at once, so the state is one value for each key.
//
//   struct Larger { void operator()(Bid& largest, const Bid& bid) const; };
//   weir::ReducingState<Bid, Larger> largest{"largest"};
//   weir::AggregatingState<Bid, AveragePrice> average{"average"};
//   …
//   largest.Add(context, bid);
//   if (auto price = average.Get(context)) …
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/internal/aggregation_calls.h>
#include <weir/internal/state/state_entries.h>
#include <weir/state_ttl.h>
#include <weir/status.h>

namespace weir {

namespace internal {

// What both kinds share: one V for each key.
template <class V, class Ttl>
class SingleEntry {
 public:
  explicit SingleEntry(std::string name) : name_(std::move(name)) {}
  SingleEntry(std::string name, const StateTtlConfig& ttl)
      : name_(std::move(name)), entries_(ttl) {}
  const std::string& name() const { return name_; }

  // False: there was none.
  template <class Context>
  bool Clear(const Context& context) {
    return entries_.Erase(context, kNoMapKey);
  }

  // For the operator: once; then, with a time to live, between records.
  template <class K>
  void Bind(KeyedStateBackend& backend) {
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
  Status Check() const { return CheckEntries(entries_, name_); }

 protected:
  static constexpr NoMapKey kNoMapKey{};
  const StateEntries<NoMapKey, V, Ttl>& entries() const { return entries_; }

 private:
  std::string name_;
  StateEntries<NoMapKey, V, Ttl> entries_;
};

}  // namespace internal

// F: T f(const T& reduced, const T&), or void f(T& reduced, const T&). Ttl: weir/state_ttl.h.
template <class T, class F, class Ttl = NoTtl>
class ReducingState : public internal::SingleEntry<T, Ttl> {
 public:
  explicit ReducingState(std::string name, F function = F())
    requires std::is_same_v<Ttl, NoTtl>
      : internal::SingleEntry<T, Ttl>(std::move(name)), function_(std::move(function)) {}
  ReducingState(std::string name, const StateTtlConfig& ttl, F function = F())
    requires std::is_same_v<Ttl, WithTtl>
      : internal::SingleEntry<T, Ttl>(std::move(name), ttl), function_(std::move(function)) {}

  // The first value that is added is the reduced one.
  template <class Context>
  void Add(const Context& context, const T& value) {
    internal::EntryWas was = internal::EntryWas::kThere;
    T& reduced = this->entries().Upsert(context, this->kNoMapKey, was, [&] { return value; });
    if (was == internal::EntryWas::kThere) internal::ReduceInto(function_, reduced, value);
    if (was == internal::EntryWas::kExpired) reduced = value;
  }
  // Null: nothing was added.
  template <class Context>
  const T* Find(const Context& context) const {
    return this->entries().Find(context, this->kNoMapKey);
  }

 private:
  F function_;
};

// F: A CreateAccumulator(), void Add(const In&, A&) and U GetResult(const A&), as for Aggregate on
// a keyed stream. Ttl: weir/state_ttl.h.
template <class In, class F, class Ttl = NoTtl>
class AggregatingState : public internal::SingleEntry<internal::AccumulatorOf<F>, Ttl> {
  using Accumulator = internal::AccumulatorOf<F>;
  using Base = internal::SingleEntry<Accumulator, Ttl>;

 public:
  explicit AggregatingState(std::string name, F function = F())
    requires std::is_same_v<Ttl, NoTtl>
      : Base(std::move(name)), function_(std::move(function)) {}
  AggregatingState(std::string name, const StateTtlConfig& ttl, F function = F())
    requires std::is_same_v<Ttl, WithTtl>
      : Base(std::move(name), ttl), function_(std::move(function)) {}

  template <class Context>
  void Add(const Context& context, const In& value) {
    if (Accumulator* there = this->entries().FindForWrite(context, this->kNoMapKey)) {
      internal::AddTo(function_, value, *there);
      return;
    }
    // Complete before it is there: the function may throw.
    Accumulator added = function_.CreateAccumulator();
    internal::AddTo(function_, value, added);
    this->entries().Mutable(context, this->kNoMapKey) = std::move(added);
  }
  // Nothing: nothing was added.
  template <class Context>
  auto Get(const Context& context) const {
    using Result = internal::AggregateResultOf<F, typename Context::Key>;
    const Accumulator* found = this->entries().Find(context, this->kNoMapKey);
    if (found == nullptr) return std::optional<Result>();
    return std::optional<Result>(internal::AggregateResult(function_, context.key(), *found));
  }

 private:
  mutable F function_;
};

}  // namespace weir
