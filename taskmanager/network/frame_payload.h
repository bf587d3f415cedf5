// What stands in the payload of each frame type, and its codec.
//
// Encode functions append to `out`. Decode functions want the payload complete and nothing behind
// it (only the handshake may be longer than this version knows, so that a newer one can add to it);
// otherwise Corruption that names the frame type. docs/formats/frame.md has the layouts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <weir/internal/control_element.h>
#include <weir/status.h>

#include "taskmanager/network/byte_channel.h"
#include "taskmanager/network/frame.h"

namespace weir::network {

using Payload = std::span<const std::byte>;

// Which job at which epoch this is about: both ends of a connection must agree.
struct JobIdentity {
  std::string cluster_id;
  std::string job_id;  // 32 hex digits
  std::uint64_t job_epoch = 0;
  std::uint64_t leader_epoch = 0;
  std::string leader_session_id;
  std::string credential;  // what the cluster asks for, or empty; never logged
};

// First frame of the dialling side.
struct Handshake {
  std::uint8_t minimum_version = kMinimumFrameVersion;
  std::uint8_t maximum_version = kFrameVersion;
  JobIdentity job;
  std::string source_worker_id;  // who dials
  std::string target_worker_id;
};
void EncodeHandshake(const Handshake& handshake, Bytes& out);
Result<Handshake> DecodeHandshake(Payload payload);

// Answer of the dialled worker.
struct HandshakeAccepted {
  std::uint8_t version = kFrameVersion;  // both speak it from now on
  std::string worker_id;                 // who answers
};
void EncodeHandshakeAccepted(const HandshakeAccepted& accepted, Bytes& out);
Result<HandshakeAccepted> DecodeHandshakeAccepted(Payload payload);

// Never renumber.
enum class GoodbyeReason : std::uint8_t {
  kStopping = 0,       // the worker ends in good order
  kRefused = 1,        // wrong cluster, job, epoch or version: dialling again does not help
  kDuplicate = 2,      // both dialled, and the other connection is kept
  kUnavailable = 3,    // not now: dialling again may help
  kProtocolError = 4,  // the other side sent what it must not
  kGone = 5,           // the worker does not run here, or no longer: its successor has another id
};
struct Goodbye {
  GoodbyeReason reason = GoodbyeReason::kStopping;
  std::string text;  // for people; cut to 1024 bytes
};
void EncodeGoodbye(const Goodbye& goodbye, Bytes& out);
Result<Goodbye> DecodeGoodbye(Payload payload);

// The target attempt that the sender was told; its own is in the header.
struct ChannelOpen {
  std::uint32_t target_attempt = 0;
};
void EncodeChannelOpen(const ChannelOpen& open, Bytes& out);
Result<ChannelOpen> DecodeChannelOpen(Payload payload);

// Repeats the attempts of the refused open. Never renumber.
enum class RefusalReason : std::uint8_t {
  kUnknownChannel = 1,
  kOtherAttempt = 2,
  kOtherSource = 3,  // the channel is fed by another worker
  kAlreadyOpen = 4,
};
struct ChannelRefused {
  RefusalReason reason = RefusalReason::kUnknownChannel;
  std::uint32_t source_attempt = 0;
  std::uint32_t target_attempt = 0;
  std::string text;  // for people; cut to 1024 bytes
};
void EncodeChannelRefused(const ChannelRefused& refused, Bytes& out);
Result<ChannelRefused> DecodeChannelRefused(Payload payload);

// The source attempt that is granted; the receiver's own is in the header.
struct CreditGrant {
  std::uint32_t credit = 0;  // at least 1
  std::uint32_t source_attempt = 0;
};
void EncodeCreditGrant(const CreditGrant& grant, Bytes& out);
Result<CreditGrant> DecodeCreditGrant(Payload payload);

// Buffers that the sender holds back for want of credit, right now.
struct BacklogAnnouncement {
  std::uint32_t backlog = 0;
};
void EncodeBacklogAnnouncement(const BacklogAnnouncement& announcement, Bytes& out);
Result<BacklogAnnouncement> DecodeBacklogAnnouncement(Payload payload);

// The frame type that carries the element.
FrameType FrameTypeOf(const internal::ControlElement& element);
void EncodeControlElement(const internal::ControlElement& element, Bytes& out);
// `type` is one of the four control element types.
Result<internal::ControlElement> DecodeControlElement(FrameType type, Payload payload);

// Whether `local`, which is worker `worker_id`, may talk to who sent `offered`: same cluster, job,
// epoch and credential, meant for this worker, and a version that both speak. The leader session is
// not compared: after a failover of the JobManager workers learn the new one at different moments,
// and the job epoch fences what matters.
Status CheckHandshake(const Handshake& offered, const JobIdentity& local,
                      const std::string& worker_id);

}  // namespace weir::network
