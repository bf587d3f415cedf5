// CreditSender: the sending end of credit-based flow control for one channel. Pure.
//
// One credit is one buffer that the receiver keeps memory for. The scheme is Flink's ("credit-based
// flow control", FLINK-7282): the receiver grants, the sender spends and announces how many buffers
// it holds back (its backlog), so that the receiver can grant more from its floating pool.
#pragma once

#include <cstdint>
#include <optional>

#include <weir/status.h>

namespace weir::network {

class CreditSender {
 public:
  std::uint32_t credits() const { return credits_; }

  // The receiver grants `credit` more. Corruption when the sum makes no sense (above 2^31): no
  // receiver has so much memory.
  Status OnGrant(std::uint32_t credit);

  // One buffer goes out. False without a credit: nothing changes.
  [[nodiscard]] bool Spend();

  // What the sender holds back now. The latest counts.
  void SetBacklog(std::uint32_t backlog) { backlog_ = backlog; }

  // The backlog to tell the receiver, if it differs from what it was told last; from now on it
  // counts as told.
  std::optional<std::uint32_t> TakeAnnouncement();
  bool needs_announcement() const { return backlog_ != announced_; }

 private:
  std::uint32_t credits_ = 0;
  std::uint32_t backlog_ = 0;
  std::uint32_t announced_ = 0;
};

}  // namespace weir::network
