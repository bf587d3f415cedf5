// What a producer owes: records accepted and not yet delivered, and the first delivery that failed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include <weir/status.h>

namespace weir::kafka {

// One thread accepts (the task), one settles (it takes the delivery reports). When the task has to
// wait it says from which settlement on it can go on, and Settle() says when that is reached: no
// wake-up is lost, and none is sent for nothing. Without waiting nothing is locked.
class DeliveryAccount {
 public:
  struct Totals {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
  };

  explicit DeliveryAccount(Totals limits) : limits_(limits) {}

  // The task's thread:
  // Whether another record may be accepted. Once it says no, it does so until half of the limit is
  // free: otherwise every report would wake the task for one record.
  bool HasRoom();
  void Accept(std::uint64_t bytes);
  // The record accepted last was refused after all.
  void TakeBack(std::uint64_t bytes);
  // The client itself has no room: HasRoom() says no until one more record is settled.
  void WaitForOne();
  // Whether everything accepted so far is settled.
  bool AllSettled();

  // The settling thread: so many more are delivered or have failed. True: wake the task, which
  // waits for this or has a failure to see. `failure` is ok when none failed; the first one is
  // kept.
  bool Settle(Totals settled, const Status& failure);

  // Any thread.
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  Status failure() const;
  // Exact on the task's thread.
  Totals outstanding() const;

 private:
  bool Reached(const Totals& target) const;

  const Totals limits_;
  // Both only grow; what is owed is the difference. The task writes accepted, the settling thread
  // settled.
  std::atomic<std::uint64_t> accepted_records_{0};
  std::atomic<std::uint64_t> accepted_bytes_{0};
  std::atomic<std::uint64_t> settled_records_{0};
  std::atomic<std::uint64_t> settled_bytes_{0};
  std::atomic<bool> failed_{false};
  std::optional<Totals> room_target_;  // the task's own: set while it waits for room

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::optional<Totals> wake_for_room_;
  std::optional<Totals> wake_for_all_;
  Status failure_;
};

}  // namespace weir::kafka
