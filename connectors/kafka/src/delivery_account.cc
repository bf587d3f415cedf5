#include "connectors/kafka/src/delivery_account.h"

namespace weir::kafka {
namespace {

// What must have been settled of `accepted` so that no more than `remaining` is owed.
std::uint64_t TargetFor(std::uint64_t accepted, std::uint64_t remaining) {
  return accepted > remaining ? accepted - remaining : 0;
}

}  // namespace

bool DeliveryAccount::Reached(const Totals& target) const {
  return settled_records_.load(std::memory_order_acquire) >= target.records &&
         settled_bytes_.load(std::memory_order_acquire) >= target.bytes;
}

bool DeliveryAccount::HasRoom() {
  if (!room_target_) {
    const Totals owed = outstanding();
    if (owed.records < limits_.records && owed.bytes < limits_.bytes) return true;
    room_target_ = Totals{TargetFor(accepted_records_.load(), limits_.records / 2),
                          TargetFor(accepted_bytes_.load(), limits_.bytes / 2)};
  }
  const std::lock_guard lock(mutex_);
  if (Reached(*room_target_)) {
    room_target_.reset();
    wake_for_room_.reset();
    return true;
  }
  wake_for_room_ = room_target_;
  return false;
}

void DeliveryAccount::WaitForOne() {
  room_target_ = Totals{settled_records_.load(std::memory_order_acquire) + 1, 0};
}

void DeliveryAccount::Accept(std::uint64_t bytes) {
  accepted_records_.fetch_add(1, std::memory_order_relaxed);
  accepted_bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

void DeliveryAccount::TakeBack(std::uint64_t bytes) {
  accepted_records_.fetch_sub(1, std::memory_order_relaxed);
  accepted_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

bool DeliveryAccount::AllSettled() {
  const Totals target{accepted_records_.load(), accepted_bytes_.load()};
  const std::lock_guard lock(mutex_);
  if (Reached(target)) {
    wake_for_all_.reset();
    return true;
  }
  wake_for_all_ = target;
  return false;
}

bool DeliveryAccount::Settle(Totals settled, const Status& failure) {
  const std::lock_guard lock(mutex_);
  settled_records_.fetch_add(settled.records, std::memory_order_release);
  settled_bytes_.fetch_add(settled.bytes, std::memory_order_release);
  bool wake = false;
  if (failure_.ok() && !failure.ok()) {
    failure_ = failure;
    failed_.store(true, std::memory_order_release);
    wake = true;
  }
  for (std::optional<Totals>* target : {&wake_for_room_, &wake_for_all_}) {
    if (*target && Reached(**target)) {
      target->reset();
      wake = true;
    }
  }
  return wake;
}

Status DeliveryAccount::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

DeliveryAccount::Totals DeliveryAccount::outstanding() const {
  // Settled first: it is never ahead of what was accepted before.
  const std::uint64_t settled_records = settled_records_.load(std::memory_order_acquire);
  const std::uint64_t settled_bytes = settled_bytes_.load(std::memory_order_acquire);
  return {accepted_records_.load(std::memory_order_acquire) - settled_records,
          accepted_bytes_.load(std::memory_order_acquire) - settled_bytes};
}

}  // namespace weir::kafka
