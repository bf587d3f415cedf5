// Process on a keyed stream: any number of records out for one in, with the key's state at hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/collector.h>
#include <weir/functions.h>
#include <weir/internal/operators/keyed_operator.h>
#include <weir/state.h>

namespace weir::internal {

template <class T, class U, class F, class KeySelector>
class KeyedProcessOperator final : public KeyedOperator<T, U, F, KeySelector> {
 public:
  using Base = KeyedOperator<T, U, F, KeySelector>;
  using Key = typename Base::Key;
  static constexpr bool kHasSideOutputs = true;

  KeyedProcessOperator(const OperatorContext& context, const typename Base::Prototype& prototype,
                       Input<U>& output)
      : Base(context, prototype, output), collector_(context, output), process_context_(context) {
    BindStates<Key>(this->function_, this->backend());
  }

  void Push(Batch<T>& in) override {
    this->context_.Enter();
    this->WithHashes(in, [&](auto&& hash_of) {
      for (std::uint32_t from = 0; from < in.size(); from += kPrefetchedRecords) {
        ProcessSome(in, hash_of, from, std::min(in.size() - from, kPrefetchedRecords));
      }
    });
    collector_.Finish();
  }
  void OnWatermark(Watermark watermark) override {
    process_context_.SetWatermark(watermark.timestamp_ms);
    this->output_.OnWatermark(watermark);
  }

 private:
  // Ahead of their use; a function may have several states.
  static constexpr std::uint32_t kPrefetchedRecords = 128;
  // A function that may change the record would change a key that is a part of it.
  static constexpr bool kReadsOnly =
      std::invocable<ProcessCall<F>&, const T&, KeyedProcessContext<Key>&, Collector<U>&>;

  template <class HashOf>
  void ProcessSome(Batch<T>& in, HashOf& hash_of, std::uint32_t from, std::uint32_t count) {
    std::uint64_t hashes[kPrefetchedRecords];
    for (std::uint32_t i = 0; i < count; ++i) hashes[i] = hash_of(from + i);
    for (const auto& [name, table] : this->backend().tables()) table->PrefetchBlock(hashes, count);
    for (std::uint32_t i = 0; i < count; ++i) {
      ProcessOne(in[from + i], in.timestamp(from + i), hashes[i]);
    }
  }
  void ProcessOne(T& record, std::int64_t timestamp, std::uint64_t hash) {
    ProcessCall<F> call{this->function_};
    collector_.SetTimestamp(timestamp);
    process_context_.SetTimestamp(timestamp);
    if constexpr (kReadsOnly) {
      const Key& key = this->KeyOf(record);
      process_context_.SetKey(key, hash);
      call(std::as_const(record), process_context_, collector_);
    } else {
      key_ = this->KeyOf(record);
      process_context_.SetKey(key_, hash);
      CallOnRecord(call, record, process_context_, collector_);
    }
  }

  Collector<U> collector_;
  KeyedProcessContext<Key> process_context_;
  Key key_{};  // its memory is used again
};

}  // namespace weir::internal
