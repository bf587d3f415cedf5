// Reduce and Aggregate on a keyed stream: the latest value of the key goes out for each record.
//
// With an error policy records are handled one at a time, on a copy of the key's value: one that is
// rejected leaves no trace in it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/collector.h>
#include <weir/functions.h>
#include <weir/internal/operators/keyed_operator.h>
#include <weir/internal/record_errors.h>

namespace weir::internal {

// The reduced value takes the record's place in the block.
template <class T, class F, class KeySelector>
class KeyedReduceOperator final : public KeyedOperator<T, T, F, KeySelector> {
 public:
  using Base = KeyedOperator<T, T, F, KeySelector>;
  using Key = typename Base::Key;
  using Base::Base;
  static constexpr bool kHandlesErrors = true;

  void Push(Batch<T>& in) override {
    this->context_.Enter();
    if (this->context_.errors != nullptr) return PushEach(in);
    bool reduced = false;
    this->WithHashes(in, [&](auto&& hash_of) {
      reduced = true;
      table_.UpsertBlock(
          in.size(), hash_of, [&](std::uint32_t i) -> decltype(auto) { return this->KeyOf(in[i]); },
          [](std::uint32_t) { return NoNamespace(); },
          [&](std::uint32_t i) -> const T& { return in[i]; },
          [&](std::uint32_t i, T& value, bool inserted) {
            if (inserted) return;
            ReduceInto(this->function_, value, std::as_const(in[i]));
            in[i] = std::as_const(value);
          });
    });
    if (!reduced) return;
    this->output_.Push(in);
  }

 private:
  void PushEach(Batch<T>& in) {
    this->WithHashes(in, [&](auto&& hash_of) {
      ForEachRecord(
          this->context_, in, 0, in.size(),
          [&](std::uint32_t i) { ReduceOne(in[i], hash_of(i), in.timestamp(i)); },
          [](std::uint32_t) {});
    });
    collector_.Finish();
  }
  void ReduceOne(const T& record, std::uint64_t key_hash, std::int64_t timestamp_ms) {
    const Key& key = this->KeyOf(record);
    static constexpr NoNamespace kNoNamespace;
    static constexpr NoMapKey kNoMapKey;
    const Address<Key, NoNamespace, NoMapKey> where{key_hash, key, kNoNamespace, kNoMapKey};
    std::optional<T> reduced;
    if (const T* value = table_.Find(where)) {
      reduced = *value;
      ReduceInto(this->function_, *reduced, record);
      *table_.FindForWrite(where) = *reduced;
    } else {
      bool inserted = false;
      reduced = table_.FindOrInsert(where, inserted, [&]() -> const T& { return record; });
    }
    collector_.CollectWithTimestamp(*std::move(reduced), timestamp_ms);
  }

  Collector<T> collector_{this->context_, this->output_};  // with an error policy
  const StateTable<Key, NoNamespace, NoMapKey, T> table_ =
      this->backend().template Create<Key, NoNamespace, NoMapKey, T>("weir.reduce");
};

// F is an AggregateFunction for T (weir/functions.h) with results of type U.
template <class T, class U, class F, class KeySelector>
class KeyedAggregateOperator final : public KeyedOperator<T, U, F, KeySelector> {
 public:
  using Base = KeyedOperator<T, U, F, KeySelector>;
  using Key = typename Base::Key;
  using Accumulator = AccumulatorOf<F>;
  using Base::Base;
  static constexpr bool kHandlesErrors = true;

  void Push(Batch<T>& in) override {
    this->context_.Enter();
    if (this->context_.errors != nullptr) return PushEach(in);
    this->WithHashes(in, [&](auto&& hash_of) {
      if constexpr (std::is_same_v<T, U>) {
        // Results of the records' own type take their places.
        AddSome(in, hash_of, 0, in.size(), in);
        this->output_.Push(in);
      } else {
        for (std::uint32_t from = 0; from < in.size(); from += out_.capacity()) {
          this->context_.Enter();
          const std::uint32_t count = std::min(out_.capacity(), in.size() - from);
          for (std::uint32_t i = 0; i < count; ++i) out_.Next(in.timestamp(from + i));
          AddSome(in, hash_of, from, count, out_);
          this->output_.Push(out_);
          out_.Clear();
        }
      }
    });
  }

 private:
  template <class HashOf>
  void AddSome(Batch<T>& in, HashOf& hash_of, std::uint32_t from, std::uint32_t count,
               Batch<U>& results) {
    F& function = this->function_;
    const auto key_of = [&](std::uint32_t i) -> decltype(auto) {
      return this->KeyOf(in[from + i]);
    };
    table_.UpsertBlock(
        count, [&](std::uint32_t i) { return hash_of(from + i); }, key_of,
        [](std::uint32_t) { return NoNamespace(); },
        [&](std::uint32_t) { return function.CreateAccumulator(); },
        [&](std::uint32_t i, Accumulator& accumulator, bool) {
          AddTo(function, std::as_const(in[from + i]), accumulator);
          results[i] = AggregateResult(function, key_of(i), std::as_const(accumulator));
        });
  }

  void PushEach(Batch<T>& in) {
    this->WithHashes(in, [&](auto&& hash_of) {
      ForEachRecord(
          this->context_, in, 0, in.size(),
          [&](std::uint32_t i) { AddOne(in[i], hash_of(i), in.timestamp(i)); },
          [](std::uint32_t) {});
    });
    collector_.Finish();
  }
  void AddOne(const T& record, std::uint64_t key_hash, std::int64_t timestamp_ms) {
    const Key& key = this->KeyOf(record);
    static constexpr NoNamespace kNoNamespace;
    static constexpr NoMapKey kNoMapKey;
    const Address<Key, NoNamespace, NoMapKey> where{key_hash, key, kNoNamespace, kNoMapKey};
    const Accumulator* found = table_.Find(where);
    Accumulator accumulator = found != nullptr ? *found : this->function_.CreateAccumulator();
    AddTo(this->function_, record, accumulator);
    U result = AggregateResult(this->function_, key, std::as_const(accumulator));
    bool inserted = false;
    Accumulator& kept =
        table_.FindOrInsert(where, inserted, [&]() -> Accumulator& { return accumulator; });
    if (!inserted) kept = std::move(accumulator);
    collector_.CollectWithTimestamp(std::move(result), timestamp_ms);
  }

  const StateTable<Key, NoNamespace, NoMapKey, Accumulator> table_ =
      this->backend().template Create<Key, NoNamespace, NoMapKey, Accumulator>("weir.aggregate");
  Collector<U> collector_{this->context_, this->output_};  // with an error policy
  Batch<U> out_{std::is_same_v<T, U> ? 1 : BlockCapacity<U>()};
};

}  // namespace weir::internal
