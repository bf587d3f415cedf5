// Reduce and Aggregate on a keyed stream: the latest value of the key goes out for each record.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <weir/functions.h>
#include <weir/internal/operators/keyed_operator.h>

namespace weir::internal {

// The reduced value takes the record's place in the block.
template <class T, class F, class KeySelector>
class KeyedReduceOperator final : public KeyedOperator<T, T, F, KeySelector> {
 public:
  using Base = KeyedOperator<T, T, F, KeySelector>;
  using Key = typename Base::Key;
  using Base::Base;

  void Push(Batch<T>& in) override {
    this->context_.Enter();
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
  HeapTable<Key, NoNamespace, NoMapKey, T>& table_ =
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

  void Push(Batch<T>& in) override {
    this->context_.Enter();
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

  HeapTable<Key, NoNamespace, NoMapKey, Accumulator>& table_ =
      this->backend().template Create<Key, NoNamespace, NoMapKey, Accumulator>("weir.aggregate");
  Batch<U> out_{std::is_same_v<T, U> ? 1 : BlockCapacity<U>()};
};

}  // namespace weir::internal
