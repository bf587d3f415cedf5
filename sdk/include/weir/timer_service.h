// Timers: what a function on a keyed stream has called back later, for the key of the call.
//
//   struct SessionEnd {
//     weir::ValueState<std::int64_t> last{"last"};
//     auto States() { return std::tie(last); }
//     void ProcessElement(const Click& click, weir::KeyedProcessContext<std::string>& context,
//                         weir::Collector<std::string>& out) {
//       last.Update(context, context.timestamp_ms());
//       context.TimerService().RegisterEventTimeTimer(context.timestamp_ms() + 60'000);
//     }
//     void OnTimer(std::int64_t timestamp_ms, weir::OnTimerContext<std::string>& context,
//                  weir::Collector<std::string>& out) {
//       if (last.ValueOr(context, 0) + 60'000 == timestamp_ms) out.Collect(context.key());
//     }
//   };
//
// There is at most one timer for a key, time and time domain: registering it again changes nothing.
// Timers fire once, in the order of their times within a key. They are state: a job that is
// restored has them.
//
// Event-time timers fire when the watermark has reached their time; one that is registered at or
// below the current watermark fires with the next watermark. The watermark goes on behind what its
// timers emitted, and no record is processed between them. The end of a bounded input fires all
// event-time timers, those for kMaximumWatermark too; so a function that registers a new one in
// each OnTimer must stop by itself. Processing-time timers fire when processing time has passed
// their millisecond, so not before their time + 1; those that are not due at the end are dropped.
#pragma once

#include <cstdint>

#include <weir/internal/timers/keyed_timers.h>
#include <weir/time_domain.h>

namespace weir {

// Of one key. Given by KeyedProcessContext::TimerService(); valid during the call that asked for
// it. Times are milliseconds since the epoch, from 0 to kMaximumTimestampMs; any other, but
// kMaximumWatermark, fails the task with an error that names it.
template <class K>
class KeyedTimerService {
 public:
  // For the operator. `timers` null: the function has no OnTimer, and registering one is an error.
  KeyedTimerService(internal::KeyedTimers<K, internal::NoNamespace>* timers, std::uint64_t key_hash,
                    const K& key, std::int64_t watermark_ms, const internal::ChainContext& chain,
                    internal::ChainFailure& failure)
      : timers_(timers),
        key_hash_(key_hash),
        key_(key),
        watermark_ms_(watermark_ms),
        chain_(chain),
        failure_(failure) {}

  void RegisterEventTimeTimer(std::int64_t time_ms) { Register(TimeDomain::kEventTime, time_ms); }
  void RegisterProcessingTimeTimer(std::int64_t time_ms) {
    Register(TimeDomain::kProcessingTime, time_ms);
  }
  // Nothing happens if there is no such timer.
  void DeleteEventTimeTimer(std::int64_t time_ms) { Delete(TimeDomain::kEventTime, time_ms); }
  void DeleteProcessingTimeTimer(std::int64_t time_ms) {
    Delete(TimeDomain::kProcessingTime, time_ms);
  }

  // In OnTimer for event time that which fires the timer. The smallest number before the first one.
  std::int64_t CurrentWatermark() const { return watermark_ms_; }
  // The same for all calls of a step.
  std::int64_t CurrentProcessingTime() const { return chain_.processing_time_ms(); }

 private:
  static constexpr internal::NoNamespace kNoNamespace{};

  void Register(TimeDomain domain, std::int64_t time_ms) {
    if (timers_ != nullptr) [[likely]] {
      timers_->Register(domain, key_hash_, key_, kNoNamespace, time_ms);
      return;
    }
    failure_.Report(Status::UserError(
        "a timer was registered by a function that has no void OnTimer(std::int64_t timestamp_ms, "
        "weir::OnTimerContext<K>&, weir::Collector<U>&)"));
  }
  void Delete(TimeDomain domain, std::int64_t time_ms) {
    if (timers_ != nullptr) timers_->Delete(domain, key_hash_, key_, kNoNamespace, time_ms);
  }

  internal::KeyedTimers<K, internal::NoNamespace>* const timers_;
  const std::uint64_t key_hash_;
  const K& key_;
  const std::int64_t watermark_ms_;
  const internal::ChainContext& chain_;
  internal::ChainFailure& failure_;
};

}  // namespace weir
