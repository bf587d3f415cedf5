// What the operators for aligned event-time windows share (tumbling_operator.h, pane_operator.h):
// windows that fire when they end. They need no timers: one watermark fires all
// windows that have ended, a part in each step.
//
// A derived class handles a block none of whose records is late in AddBlock(), single records in
// AddOne(), and the watermark in FireDue(). With an error policy all records are single ones.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/operators/timed_keyed_operator.h>
#include <weir/internal/record_errors.h>
#include <weir/internal/windows/window_arithmetic.h>
#include <weir/internal/windows/window_emission.h>
#include <weir/internal/windows/window_output.h>
#include <weir/windowing/time_window_assigners.h>

namespace weir::internal {

template <class T, class U, class Specification, class KeySelector>
class AggregatingWindowOperator
    : public TimedKeyedOperator<T, U, Specification, KeySelector, TimeWindow> {
 public:
  using S = Specification;
  using Base = TimedKeyedOperator<T, U, S, KeySelector, TimeWindow>;
  using Key = typename Base::Key;
  using Where = WindowAddress<Key, TimeWindow>;
  static constexpr bool kHasSideOutputs = true;
  static constexpr bool kHandlesErrors = true;

  AggregatingWindowOperator(const OperatorContext& context,
                            const typename Base::Prototype& prototype, Input<U>& output)
      : Base(context, prototype, output),
        results_(context, this->function_.function, this->backend(), output),
        late_records_(context, this->function_.late_records) {}

 protected:
  // The earliest timestamp of a block's records. False: windows cannot have one of them, which is
  // reported.
  bool CheckBlock(const Batch<T>& in, std::int64_t& earliest_ms) const {
    const std::int64_t* const timestamps = in.timestamps();
    const std::uint32_t size = in.size();
    std::uint64_t bits = 0;  // of all of them; the range ends below a power of two
    std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
    for (std::uint32_t i = 0; i < size; ++i) {
      bits |= static_cast<std::uint64_t>(timestamps[i]);
      earliest = std::min(earliest, timestamps[i]);
    }
    earliest_ms = earliest;
    if (bits <= static_cast<std::uint64_t>(kMaximumTimestampMs)) [[likely]] {
      return true;
    }
    for (std::uint32_t i = 0; i < size; ++i) {
      Status checked = CheckWindowTimestamp(timestamps[i], subtask());
      if (!checked.ok()) this->context_.failure->Report(std::move(checked));
    }
    return false;
  }
  // With an error policy: add(record, timestamp, key hash) for each record that windows can have.
  template <class AddOne>
  void AddEach(Batch<T>& in, AddOne&& add) {
    this->WithHashes(in, [&](auto&& hash_of) {
      ForEachRecordUntilError(this->context_, in, [&](std::uint32_t i) {
        WEIR_RETURN_IF_ERROR(CheckWindowTimestamp(in.timestamp(i), subtask()));
        add(in[i], in.timestamp(i), hash_of(i));
        return Status::Ok();
      });
    });
    results_.Finish();
  }
  bool rejects_records() const { return this->context_.errors != nullptr; }
  // A record that is in no window that is still there.
  void HandleLate(const T& record, std::int64_t timestamp_ms) {
    if (SaturatingAdd(timestamp_ms, lateness_ms()) > watermark_ms()) return;
    late_records_.Handle(record, timestamp_ms);
  }
  template <class Accumulator>
  void Emit(const Where& where, const Accumulator& accumulator) {
    const FiringWindow firing(this->context_);
    this->function_.aggregation.WithResult(where.key, accumulator, [&]<class R>(R&& result) {
      results_.Emit(where, watermark_ms(), std::forward<R>(result));
    });
  }
  // At the first record: windows may be staggered by when that comes.
  std::int64_t OffsetMs() {
    return this->function_.assigner.OffsetMs({this->timers().processing_time_ms(), subtask()});
  }

  typename S::Aggregation& aggregation() { return this->function_.aggregation; }
  std::int64_t lateness_ms() const { return this->function_.allowed_lateness_ms; }
  std::int64_t watermark_ms() { return this->timers().current_watermark_ms(); }
  std::uint32_t subtask() const { return this->context_.chain->runtime().subtask_index(); }

  WindowOutput<Key, TimeWindow, U, typename S::Function> results_;
  LateRecords<T> late_records_;
};

}  // namespace weir::internal
