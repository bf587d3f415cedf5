#include "taskmanager/network/frame_payload.h"

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <variant>

#include "common/text.h"
#include "taskmanager/network/little_endian.h"

namespace weir::network {
namespace {

constexpr std::size_t kLongestText = 1024;

Status Malformed(FrameType type) {
  return Status::Corruption(Concat("malformed payload of a ", ToString(type), " frame"));
}

std::string_view Cut(std::string_view text) {
  return text.substr(0, kLongestText);
}

Status Refuse(std::string message) {
  return Status(StatusCode::kFailedPrecondition, std::move(message), ErrorDomain::kSystem,
                RetryHint::kNoRetry);
}

// Takes as long whatever the first difference is, so that nobody can guess byte by byte.
bool SameSecret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

}  // namespace

void EncodeHandshake(const Handshake& handshake, Bytes& out) {
  PayloadWriter writer(out);
  writer.Number(handshake.minimum_version);
  writer.Number(handshake.maximum_version);
  writer.Number(handshake.job.job_epoch);
  writer.Number(handshake.job.leader_epoch);
  writer.Text(handshake.job.cluster_id);
  writer.Text(handshake.job.job_id);
  writer.Text(handshake.job.leader_session_id);
  writer.Text(handshake.source_worker_id);
  writer.Text(handshake.target_worker_id);
  writer.Text(handshake.job.credential);
}

Result<Handshake> DecodeHandshake(Payload payload) {
  PayloadReader reader(payload);
  Handshake handshake;
  handshake.minimum_version = reader.Number<std::uint8_t>();
  handshake.maximum_version = reader.Number<std::uint8_t>();
  handshake.job.job_epoch = reader.Number<std::uint64_t>();
  handshake.job.leader_epoch = reader.Number<std::uint64_t>();
  handshake.job.cluster_id = reader.Text();
  handshake.job.job_id = reader.Text();
  handshake.job.leader_session_id = reader.Text();
  handshake.source_worker_id = reader.Text();
  handshake.target_worker_id = reader.Text();
  handshake.job.credential = reader.Text();
  if (!reader.ok() || handshake.minimum_version > handshake.maximum_version) {
    return Malformed(FrameType::kHandshake);
  }
  return handshake;
}

void EncodeHandshakeAccepted(const HandshakeAccepted& accepted, Bytes& out) {
  PayloadWriter writer(out);
  writer.Number(accepted.version);
  writer.Text(Cut(accepted.worker_id));
}

Result<HandshakeAccepted> DecodeHandshakeAccepted(Payload payload) {
  PayloadReader reader(payload);
  HandshakeAccepted accepted;
  accepted.version = reader.Number<std::uint8_t>();
  accepted.worker_id = reader.Text();
  if (!reader.complete()) return Malformed(FrameType::kHandshakeAccepted);
  return accepted;
}

void EncodeGoodbye(const Goodbye& goodbye, Bytes& out) {
  PayloadWriter writer(out);
  writer.Number(static_cast<std::uint8_t>(goodbye.reason));
  writer.Text(Cut(goodbye.text));
}

Result<Goodbye> DecodeGoodbye(Payload payload) {
  PayloadReader reader(payload);
  const auto reason = reader.Number<std::uint8_t>();
  Goodbye goodbye{static_cast<GoodbyeReason>(reason), reader.Text()};
  if (!reader.complete() || reason > static_cast<std::uint8_t>(GoodbyeReason::kGone)) {
    return Malformed(FrameType::kGoodbye);
  }
  return goodbye;
}

void EncodeChannelOpen(const ChannelOpen& open, Bytes& out) {
  PayloadWriter(out).Number(open.target_attempt);
}

Result<ChannelOpen> DecodeChannelOpen(Payload payload) {
  PayloadReader reader(payload);
  const ChannelOpen open{reader.Number<std::uint32_t>()};
  if (!reader.complete()) return Malformed(FrameType::kChannelOpen);
  return open;
}

void EncodeChannelRefused(const ChannelRefused& refused, Bytes& out) {
  PayloadWriter writer(out);
  writer.Number(static_cast<std::uint8_t>(refused.reason));
  writer.Number(refused.source_attempt);
  writer.Number(refused.target_attempt);
  writer.Text(Cut(refused.text));
}

Result<ChannelRefused> DecodeChannelRefused(Payload payload) {
  PayloadReader reader(payload);
  const auto reason = reader.Number<std::uint8_t>();
  ChannelRefused refused;
  refused.reason = static_cast<RefusalReason>(reason);
  refused.source_attempt = reader.Number<std::uint32_t>();
  refused.target_attempt = reader.Number<std::uint32_t>();
  refused.text = reader.Text();
  const bool known = reason >= static_cast<std::uint8_t>(RefusalReason::kUnknownChannel) &&
                     reason <= static_cast<std::uint8_t>(RefusalReason::kAlreadyOpen);
  if (!reader.complete() || !known) return Malformed(FrameType::kChannelRefused);
  return refused;
}

void EncodeCreditGrant(const CreditGrant& grant, Bytes& out) {
  PayloadWriter writer(out);
  writer.Number(grant.credit);
  writer.Number(grant.source_attempt);
}

Result<CreditGrant> DecodeCreditGrant(Payload payload) {
  PayloadReader reader(payload);
  CreditGrant grant;
  grant.credit = reader.Number<std::uint32_t>();
  grant.source_attempt = reader.Number<std::uint32_t>();
  if (!reader.complete() || grant.credit == 0) return Malformed(FrameType::kCredit);
  return grant;
}

void EncodeBacklogAnnouncement(const BacklogAnnouncement& announcement, Bytes& out) {
  PayloadWriter(out).Number(announcement.backlog);
}

Result<BacklogAnnouncement> DecodeBacklogAnnouncement(Payload payload) {
  PayloadReader reader(payload);
  const BacklogAnnouncement announcement{reader.Number<std::uint32_t>()};
  if (!reader.complete()) return Malformed(FrameType::kBacklog);
  return announcement;
}

FrameType FrameTypeOf(const internal::ControlElement& element) {
  static constexpr FrameType kTypes[] = {FrameType::kWatermark, FrameType::kWatermarkStatus,
                                         FrameType::kBarrier, FrameType::kEndOfInput};
  static_assert(std::size(kTypes) == std::variant_size_v<internal::ControlElement>);
  return kTypes[element.index()];
}

void EncodeControlElement(const internal::ControlElement& element, Bytes& out) {
  PayloadWriter writer(out);
  if (const auto* watermark = std::get_if<internal::Watermark>(&element)) {
    writer.Number(watermark->timestamp_ms);
  } else if (const auto* status = std::get_if<internal::WatermarkStatus>(&element)) {
    writer.Number(static_cast<std::uint8_t>(status->idle ? 1 : 0));
  } else if (const auto* barrier = std::get_if<internal::Barrier>(&element)) {
    writer.Number(barrier->checkpoint_id);
    writer.Number(barrier->trigger_time_ms);
    writer.Number(static_cast<std::uint8_t>(barrier->kind));
    writer.Number(static_cast<std::uint8_t>(barrier->unaligned ? 1 : 0));
  }
}

Result<internal::ControlElement> DecodeControlElement(FrameType type, Payload payload) {
  PayloadReader reader(payload);
  internal::ControlElement element;
  bool valid = true;
  if (type == FrameType::kWatermark) {
    element = internal::Watermark{reader.Number<std::int64_t>()};
  } else if (type == FrameType::kWatermarkStatus) {
    const auto idle = reader.Number<std::uint8_t>();
    valid = idle <= 1;
    element = internal::WatermarkStatus{idle == 1};
  } else if (type == FrameType::kBarrier) {
    internal::Barrier barrier;
    barrier.checkpoint_id = reader.Number<std::uint64_t>();
    barrier.trigger_time_ms = reader.Number<std::int64_t>();
    const auto kind = reader.Number<std::uint8_t>();
    const auto unaligned = reader.Number<std::uint8_t>();
    valid =
        kind <= static_cast<std::uint8_t>(internal::BarrierKind::kSavepointDrain) && unaligned <= 1;
    barrier.kind = static_cast<internal::BarrierKind>(kind);
    barrier.unaligned = unaligned == 1;
    element = barrier;
  } else {
    valid = type == FrameType::kEndOfInput;
    element = internal::EndOfInput{};
  }
  if (!valid || !reader.complete()) return Malformed(type);
  return element;
}

Status CheckHandshake(const Handshake& offered, const JobIdentity& local,
                      const std::string& worker_id) {
  const std::string who = Concat("worker ", offered.source_worker_id, ": ");
  if (offered.minimum_version > kFrameVersion || offered.maximum_version < kMinimumFrameVersion) {
    return Refuse(Concat(who, "it speaks frame versions ", unsigned{offered.minimum_version},
                         " to ", unsigned{offered.maximum_version}, ", this side ",
                         unsigned{kMinimumFrameVersion}, " to ", unsigned{kFrameVersion}));
  }
  if (offered.job.cluster_id != local.cluster_id) {
    return Refuse(Concat(who, "it is of cluster '", offered.job.cluster_id, "', this is cluster '",
                         local.cluster_id, "'"));
  }
  if (!SameSecret(offered.job.credential, local.credential)) {
    return Refuse(Concat(who, "its credential is not that of the cluster"));
  }
  if (offered.target_worker_id != worker_id) {
    return Refuse(
        Concat(who, "it wants worker ", offered.target_worker_id, ", this is worker ", worker_id));
  }
  if (offered.job.job_id != local.job_id) {
    return Refuse(Concat(who, "it works for job ", offered.job.job_id, ", this worker for job ",
                         local.job_id));
  }
  if (offered.job.job_epoch != local.job_epoch) {
    return Refuse(Concat(who, "it is of epoch ", offered.job.job_epoch, " of job ", local.job_id,
                         ", this worker of epoch ", local.job_epoch));
  }
  return Status();
}

}  // namespace weir::network
