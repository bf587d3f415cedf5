// What Process functions are given: where in time they are, the key, side outputs, timers.
#pragma once

#include <cstdint>
#include <utility>

#include <weir/internal/side_outputs.h>
#include <weir/runtime_context.h>
#include <weir/status.h>
#include <weir/time_domain.h>
#include <weir/timer_service.h>

namespace weir {

// What a Process function may ask while it handles a record.
class ProcessContext {
 public:
  explicit ProcessContext(const internal::OperatorContext& context) : context_(context) {}

  bool has_timestamp() const { return timestamp_ms_ != internal::kNoTimestamp; }
  // Event time of the record in milliseconds, or internal::kNoTimestamp.
  std::int64_t timestamp_ms() const { return timestamp_ms_; }
  // The latest watermark that arrived here.
  std::int64_t current_watermark_ms() const { return watermark_ms_; }
  // Milliseconds since the epoch; the same for all records of a step.
  std::int64_t processing_time_ms() const { return context_.chain->processing_time_ms(); }
  RuntimeContext& runtime() const { return context_.chain->runtime(); }

  // A record for a side output (weir/side_output.h), with the timestamp of the one that is being
  // processed.
  template <class S, class V>
  void Output(const OutputTag<S>& tag, V&& value) {
    if (context_.side_outputs == nullptr) return;  // nobody gets any
    Status emitted = context_.side_outputs->Emit(tag, S(std::forward<V>(value)), timestamp_ms_);
    if (!emitted.ok()) context_.failure->Report(std::move(emitted));
  }

  // For the operator.
  void SetTimestamp(std::int64_t timestamp_ms) { timestamp_ms_ = timestamp_ms; }
  void SetWatermark(std::int64_t watermark_ms) { watermark_ms_ = watermark_ms; }
  const internal::OperatorContext& operator_context() const { return context_; }

 protected:
  const internal::ChainContext& chain() const { return *context_.chain; }
  internal::ChainFailure& failure() const { return *context_.failure; }

 private:
  const internal::OperatorContext context_;
  std::int64_t timestamp_ms_ = internal::kNoTimestamp;
  std::int64_t watermark_ms_ = internal::Watermark().timestamp_ms;
};

// What a Process function on a keyed stream may ask. Given to each call, and to the states that the
// call uses: there is no "current key" elsewhere.
template <class K>
class KeyedProcessContext : public ProcessContext {
 public:
  using Key = K;
  using ProcessContext::ProcessContext;

  // Of the record or timer; valid during the call.
  const K& key() const { return *key_; }
  // weir/stable_hash.h
  std::uint64_t key_hash() const { return key_hash_; }
  // Of the key, during the call (weir/timer_service.h).
  KeyedTimerService<K> TimerService() const {
    return {timers_,       key_hash_,      *key_, this->current_watermark_ms(),
            this->chain(), this->failure()};
  }

  // For the operator.
  void SetKey(const K& key, std::uint64_t key_hash) {
    key_ = &key;
    key_hash_ = key_hash;
  }
  void SetTimers(internal::KeyedTimers<K, internal::NoNamespace>* timers) { timers_ = timers; }

 private:
  const K* key_ = nullptr;
  std::uint64_t key_hash_ = 0;
  internal::KeyedTimers<K, internal::NoNamespace>* timers_ = nullptr;
};

// What OnTimer may ask beyond that. timestamp_ms() is the timer's time. What OnTimer collects has
// the timer's time as its timestamp, or none for a timer of processing time, as in Flink; to a side
// output it goes with the timer's time.
template <class K>
class OnTimerContext : public KeyedProcessContext<K> {
 public:
  using KeyedProcessContext<K>::KeyedProcessContext;

  TimeDomain time_domain() const { return time_domain_; }

  // For the operator.
  void SetTimeDomain(TimeDomain time_domain) { time_domain_ = time_domain; }

 private:
  TimeDomain time_domain_ = TimeDomain::kEventTime;
};

}  // namespace weir
