#include "tests/unit/taskmanager_network/network_fixture.h"

#include <algorithm>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/text.h"
#include "taskmanager/network/frame_payload.h"
#include "tests/unit/taskmanager_network/frame_bytes.h"

namespace weir::network {

Script::Element Script::Next() {
  --left_;
  if (left_ == 0) return internal::ControlElement(internal::EndOfInput{});
  switch (RandomBelow(random_, 8)) {
    case 0:
      watermark_ += static_cast<std::int64_t>(1 + RandomBelow(random_, 100));
      return internal::ControlElement(internal::Watermark{watermark_});
    case 1:
      return internal::ControlElement(internal::Barrier{left_, 5});
    default: {
      Buffer buffer;
      buffer.bytes.resize(RandomBelow(random_, 4) == 0 ? kBufferSize : RandomBelow(random_, 2000));
      const std::uint64_t filling = random_.NextUint64();
      for (std::size_t i = 0; i < buffer.bytes.size(); ++i) {
        buffer.bytes[i] = static_cast<std::byte>(filling >> (8 * (i % 8)));
      }
      buffer.continues = filling % 2 == 0;
      return buffer;
    }
  }
}

bool ScriptedSender::Step() {
  while (next_.has_value()) {
    if (auto* buffer = std::get_if<Buffer>(&*next_)) {
      if (sender_->credits() == 0) {
        // As many buffers as the task likes to claim that it holds back.
        sender_->Push();
        sender_->AnnounceBacklog(static_cast<std::uint32_t>(1 + RandomBelow(random_, 5)));
        return false;
      }
      Bytes bytes = sender_->TakeEmptyBytes();
      bytes.assign(buffer->bytes.begin(), buffer->bytes.end());
      bytes_ += bytes.size();
      sender_->Send({std::move(bytes), buffer->continues},
                    static_cast<std::uint32_t>(RandomBelow(random_, 5)));
    } else {
      sender_->SendControl(std::get<internal::ControlElement>(*next_));
    }
    if (RandomBelow(random_, 3) == 0) sender_->Push();
    next_.reset();
    if (!script_.done()) next_ = script_.Next();
  }
  sender_->Push();
  return true;
}

void ScriptedReceiver::Advance() {
  next_.reset();
  if (!script_.done()) next_ = script_.Next();
}

bool ScriptedReceiver::Step(std::uint32_t most) {
  for (std::uint32_t i = 0; i < most && next_.has_value(); ++i) {
    std::optional<Received> received = receiver_->Pop();
    if (!received.has_value()) return false;
    if (auto* buffer = std::get_if<Buffer>(&received->element)) {
      const auto* expected = std::get_if<Buffer>(&*next_);
      if (expected == nullptr || expected->bytes != buffer->bytes ||
          expected->continues != buffer->continues) {
        ADD_FAILURE() << "another buffer was expected";
        next_.reset();
        return true;
      }
      ++buffers_;
      bytes_ += buffer->bytes.size();
      receiver_->Recycle(std::move(buffer->bytes));
      Advance();
      continue;
    }
    const auto& element = std::get<internal::ControlElement>(received->element);
    // Of several watermarks in a row only the last must come.
    while (
        next_.has_value() && std::holds_alternative<internal::ControlElement>(*next_) &&
        std::holds_alternative<internal::Watermark>(element) &&
        std::holds_alternative<internal::Watermark>(std::get<internal::ControlElement>(*next_)) &&
        std::get<internal::ControlElement>(*next_) != element) {
      Advance();
    }
    if (!next_.has_value() || !std::holds_alternative<internal::ControlElement>(*next_) ||
        std::get<internal::ControlElement>(*next_) != element) {
      ADD_FAILURE() << "another control element was expected";
      next_.reset();
      return true;
    }
    Advance();
  }
  return !next_.has_value();
}

NetworkFixture::NetworkFixture() {
  DataPort::Options options;
  options.cluster_id = job_.cluster_id;
  Result<std::unique_ptr<DataPort>> port = DataPort::Open(options, registry_);
  if (!port.ok()) {
    ADD_FAILURE() << port.status().message();
    return;
  }
  port_ = *std::move(port);
}

NetworkFixture::~NetworkFixture() {
  port_.reset();
  while (!workers_.empty()) workers_.pop_back();
}

TcpDataPlane& NetworkFixture::StartWorker(const std::string& id, const NetworkOptions& options) {
  return StartWorker(id, job_, options);
}

TcpDataPlane& NetworkFixture::StartWorker(const std::string& id, const JobIdentity& job,
                                          const NetworkOptions& options) {
  auto plane = std::make_shared<TcpDataPlane>(id, job, options);
  registry_.Register(id,
                     [weak = std::weak_ptr(plane)](UniqueFd& socket, const Handshake& handshake) {
                       const auto target = weak.lock();
                       if (target == nullptr) return Status::Unavailable("the worker is gone");
                       target->AcceptConnection(std::move(socket), handshake);
                       return Status();
                     });
  workers_.emplace_back(id, plane);
  return *plane;
}

void NetworkFixture::StopWorker(const std::string& id) {
  registry_.Unregister(id);
  std::erase_if(workers_, [&](const auto& worker) { return worker.first == id; });
}

ReceiverEvents NetworkFixture::ForReceiver(FailureSlot* failure) {
  return {.on_element = [this] { signal_.Notify(); },
          .on_failure =
              [failure](const Status& status) {
                if (failure != nullptr) {
                  failure->Set(status);
                } else {
                  ADD_FAILURE() << status.message();
                }
              }};
}

SenderEvents NetworkFixture::ForSender(FailureSlot* failure) {
  return {.on_credit = [this] { signal_.Notify(); }, .on_failure = ForReceiver(failure).on_failure};
}

HandmadePeer::HandmadePeer(std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), decoder_("worker", 0, *this) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const timeval patience{kPatienceMillis / 1000, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

void HandmadePeer::SendBytes(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the other side closed, which tests look at by Receive()
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

void HandmadePeer::SendFrame(FrameHeader header, std::span<const std::byte> payload) {
  header.sequence = next_sequence++;
  SendBytes(FrameBytes(header, payload));
}

void HandmadePeer::SendHandshake(const JobIdentity& job, const std::string& from,
                                 const std::string& to) {
  Bytes payload;
  EncodeHandshake({.job = job, .source_worker_id = from, .target_worker_id = to}, payload);
  SendFrame({.type = FrameType::kHandshake}, payload);
}

Status HandmadePeer::OnFrame(const FrameHeader& header, Bytes& payload) {
  received_ = Frame{header, payload};
  return Status();
}

std::optional<HandmadePeer::Frame> HandmadePeer::Receive() {
  received_.reset();
  std::vector<std::byte> chunk(64 * 1024);
  while (!received_.has_value()) {
    const ssize_t got =
        ::recv(socket_.get(), chunk.data(), std::min(chunk.size(), decoder_.missing()), 0);
    if (got <= 0) return std::nullopt;
    const Status status = decoder_.Feed(std::span(chunk).first(static_cast<std::size_t>(got)));
    EXPECT_TRUE(status.ok()) << status.message();
    if (!status.ok()) return std::nullopt;
  }
  return received_;
}

std::string HandmadePeer::address() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return Concat("127.0.0.1:", ntohs(address.sin_port));
}

}  // namespace weir::network
