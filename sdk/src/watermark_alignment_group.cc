#include <algorithm>
#include <utility>

#include <weir/internal/watermark_alignment_group.h>
#include <weir/internal/windows/window_arithmetic.h>
#include <weir/serializer.h>

namespace weir::internal {

void WatermarkAlignmentGroup::Join(SourceAlignment& member) {
  members_.push_back(&member);
}

void WatermarkAlignmentGroup::Leave(SourceAlignment& member) {
  std::erase(members_, &member);
  std::erase_if(watermarks_, [&](const auto& each) { return each.first.first == &member; });
}

void WatermarkAlignmentGroup::Report(SourceAlignment& member, std::uint32_t subtask,
                                     std::int64_t watermark_ms) {
  watermarks_[{&member, subtask}] = watermark_ms;
  Tell();
}

void WatermarkAlignmentGroup::Remove(SourceAlignment& member, std::uint32_t subtask) {
  if (watermarks_.erase({&member, subtask}) > 0) Tell();
}

std::int64_t WatermarkAlignmentGroup::lowest_ms() const {
  std::int64_t lowest_ms = kMaximumWatermark;
  for (const auto& [reader, watermark_ms] : watermarks_) {
    lowest_ms = std::min(lowest_ms, watermark_ms);
  }
  return lowest_ms;
}

void WatermarkAlignmentGroup::Tell() {
  for (SourceAlignment* member : members_) member->OnGroupChanged();
}

SourceAlignment::SourceAlignment(WatermarkAlignment alignment,
                                 std::shared_ptr<WatermarkAlignmentGroups> groups,
                                 CoordinatorContext& context)
    : alignment_(std::move(alignment)),
      groups_(std::move(groups)),
      group_(groups_->Get(alignment_.group)),
      context_(context) {
  group_.Join(*this);
}

SourceAlignment::~SourceAlignment() {
  group_.Leave(*this);
}

void SourceAlignment::ReaderReady(std::uint32_t subtask) {
  if (std::find(readers_.begin(), readers_.end(), subtask) == readers_.end()) {
    readers_.push_back(subtask);
  }
  if (announced_ms_ != kMaximumWatermark) Send(subtask);
}

void SourceAlignment::ReaderFailed(std::uint32_t subtask) {
  std::erase(readers_, subtask);
  group_.Remove(*this, subtask);
}

Status SourceAlignment::OnReport(std::uint32_t subtask, std::span<const std::byte> content) {
  WEIR_ASSIGN_OR_RETURN(const std::int64_t watermark_ms, DecodeWatermarkContent(content));
  group_.Report(*this, subtask, watermark_ms);
  return Status::Ok();
}

std::int64_t SourceAlignment::MaxAllowed() const {
  return SaturatingAdd(group_.lowest_ms(), alignment_.max_drift_ms);
}

void SourceAlignment::OnGroupChanged() {
  const std::int64_t allowed_ms = MaxAllowed();
  if (allowed_ms == announced_ms_) return;
  const std::int64_t leap_ms = std::max<std::int64_t>(alignment_.max_drift_ms / 2, 1);
  if (allowed_ms < announced_ms_ || allowed_ms >= SaturatingAdd(announced_ms_, leap_ms)) {
    return Announce();
  }
  if (std::exchange(scheduled_, true)) return;
  context_.Schedule(alignment_.update_interval_ms, [this] {
    scheduled_ = false;
    Announce();
  });
}

void SourceAlignment::Announce() {
  const std::int64_t allowed_ms = MaxAllowed();
  if (std::exchange(announced_ms_, allowed_ms) == allowed_ms) return;
  for (const std::uint32_t subtask : readers_) Send(subtask);
}

void SourceAlignment::Send(std::uint32_t subtask) {
  context_.SendToSubtask(
      subtask, EncodeWatermarkMessage(SourceMessage::kMaxAllowedWatermark, announced_ms_));
}

std::string EncodeWatermarkMessage(SourceMessage kind, std::int64_t watermark_ms) {
  std::vector<std::byte> content;
  SerializeTo(watermark_ms, content);
  return EncodeSourceMessage(kind, content);
}

Result<std::int64_t> DecodeWatermarkContent(std::span<const std::byte> content) {
  return Deserialize<std::int64_t>(content);
}

}  // namespace weir::internal
