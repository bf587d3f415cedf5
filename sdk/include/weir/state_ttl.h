// Time to live of keyed state: entries that were not used for so long are gone.
//
//   struct Deduplicate {
//     weir::ValueState<bool, weir::WithTtl> seen{
//         "seen",
//         weir::StateTtlConfig(3'600'000).SetUpdateType(weir::TtlUpdateType::kOnReadAndWrite)};
//     …
//   };
//
// All kinds of keyed state have it; those of maps and lists live entry by entry. Time is processing
// time, as the call's context has it: that of a step.
//
// An entry has expired when its time to live has passed since it was last written (or read). What
// has expired is not seen any more, or, if so configured, until it is cleaned up. It is cleaned up
// as records come: with each record the next few entries of the state are looked at, between
// records, so that references to state stay good; and it may be left out of full snapshots.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include <weir/status.h>

namespace weir {

// What makes an entry live anew.
enum class TtlUpdateType : std::uint8_t {
  kDisabled = 0,  // entries live for ever
  kOnCreateAndWrite = 1,
  kOnReadAndWrite = 2,
};
enum class TtlVisibility : std::uint8_t {
  kNeverReturnExpired = 0,
  kReturnExpiredIfNotCleanedUp = 1,
};

// What the template parameter Ttl of a state may be.
struct NoTtl {};
struct WithTtl {};

class StateTtlConfig {
 public:
  // Milliseconds, more than 0: otherwise the job is refused.
  explicit StateTtlConfig(std::int64_t time_to_live_ms) : time_to_live_ms_(time_to_live_ms) {}

  // kOnCreateAndWrite if nothing is said.
  StateTtlConfig& SetUpdateType(TtlUpdateType update_type) {
    update_type_ = update_type;
    return *this;
  }
  // kNeverReturnExpired if nothing is said.
  StateTtlConfig& SetStateVisibility(TtlVisibility visibility) {
    visibility_ = visibility;
    return *this;
  }
  // About how many entries are looked at for each record, or for each entry that was inserted where
  // those are more; 5 if nothing is said, 0: none.
  StateTtlConfig& CleanUpIncrementally(std::uint32_t entries_per_record) {
    entries_per_record_ = entries_per_record;
    return *this;
  }
  // Expired entries are left out of full snapshots (but those of lists): those of state in memory.
  StateTtlConfig& CleanUpFullSnapshot() {
    cleans_up_full_snapshot_ = true;
    return *this;
  }

  std::int64_t time_to_live_ms() const { return time_to_live_ms_; }
  TtlUpdateType update_type() const { return update_type_; }
  TtlVisibility visibility() const { return visibility_; }
  std::uint32_t entries_per_record() const { return entries_per_record_; }
  bool cleans_up_full_snapshot() const { return cleans_up_full_snapshot_; }

  // What was last used at or before this has expired. The smallest number: nothing has.
  std::int64_t ExpiryLimit(std::int64_t now_ms) const {
    constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
    if (update_type_ == TtlUpdateType::kDisabled) return kNever;
    return now_ms < kNever + time_to_live_ms_ ? kNever : now_ms - time_to_live_ms_;
  }
  bool HasExpired(std::int64_t last_access_ms, std::int64_t now_ms) const {
    return last_access_ms <= ExpiryLimit(now_ms);
  }
  // Whether a use of the state sees it.
  bool IsVisible(std::int64_t last_access_ms, std::int64_t now_ms) const {
    return visibility_ == TtlVisibility::kReturnExpiredIfNotCleanedUp ||
           !HasExpired(last_access_ms, now_ms);
  }

  // Why the job is refused.
  Status Check(const std::string& state_name) const {
    if (time_to_live_ms_ > 0) return Status::Ok();
    return Status::InvalidArgument("the time to live of its state '" + state_name + "' is " +
                                   std::to_string(time_to_live_ms_) +
                                   " ms; it must be more than 0");
  }

 private:
  std::int64_t time_to_live_ms_;
  TtlUpdateType update_type_ = TtlUpdateType::kOnCreateAndWrite;
  TtlVisibility visibility_ = TtlVisibility::kNeverReturnExpired;
  std::uint32_t entries_per_record_ = 5;
  bool cleans_up_full_snapshot_ = false;
};

namespace internal {

// A value with a time to live, as tables hold it.
template <class V>
struct Expiring {
  std::int64_t last_access_ms = 0;
  V value{};
};
template <class V>
inline constexpr bool kIsExpiring = false;
template <class V>
inline constexpr bool kIsExpiring<Expiring<V>> = true;

}  // namespace internal
}  // namespace weir
