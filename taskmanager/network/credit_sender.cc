#include "taskmanager/network/credit_sender.h"

#include "common/text.h"

namespace weir::network {
namespace {
constexpr std::uint32_t kMostCredits = 1u << 31;
}  // namespace

Status CreditSender::OnGrant(std::uint32_t credit) {
  if (credit > kMostCredits - credits_) {
    return Status::Corruption(
        Concat("a grant of ", credit, " credits on top of ", credits_, " is impossible"));
  }
  credits_ += credit;
  return Status();
}

bool CreditSender::Spend() {
  if (credits_ == 0) return false;
  --credits_;
  return true;
}

std::optional<std::uint32_t> CreditSender::TakeAnnouncement() {
  if (!needs_announcement()) return std::nullopt;
  announced_ = backlog_;
  return announced_;
}

}  // namespace weir::network
