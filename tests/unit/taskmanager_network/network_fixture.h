// What the tests of the data plane share: workers behind one data port, scripts of channel traffic
// with their oracle, and a peer that speaks frames by hand.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/clock.h"
#include "common/mutex.h"
#include "common/random.h"
#include "common/unique_fd.h"
#include "taskmanager/network/data_port.h"
#include "taskmanager/network/frame_decoder.h"
#include "taskmanager/network/tcp_data_plane.h"

namespace weir::network {

inline constexpr std::int64_t kPatienceMillis = 30'000;

// Lets a test wait for what call-backs say, with a deadline.
class Signal {
 public:
  void Notify() {
    MutexLock lock(mutex_);
    ++count_;
    changed_.SignalAll();
  }
  // Waits until `condition` holds; it is looked at after each Notify(). False: out of patience.
  template <class Condition>
  bool WaitUntil(const Condition& condition) {
    const std::int64_t deadline_ns = SystemClock().MonotonicNanos() + kPatienceMillis * 1'000'000;
    while (true) {
      std::uint64_t seen = 0;
      {
        MutexLock lock(mutex_);
        seen = count_;
      }
      if (condition()) return true;
      MutexLock lock(mutex_);
      while (count_ == seen) {
        if (!changed_.WaitUntil(mutex_, deadline_ns)) return false;
      }
    }
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::uint64_t count_ WEIR_GUARDED_BY(mutex_) = 0;
};

// The failure that a channel was told, if any.
class FailureSlot {
 public:
  explicit FailureSlot(Signal& signal) : signal_(signal) {}
  void Set(const Status& status) {
    {
      MutexLock lock(mutex_);
      ++count_;
      status_ = status;
    }
    signal_.Notify();
  }
  Status status() const {
    MutexLock lock(mutex_);
    return status_;
  }
  int count() const {
    MutexLock lock(mutex_);
    return count_;
  }
  // Waits for it.
  Status Await() {
    EXPECT_TRUE(signal_.WaitUntil([this] { return count() > 0; })) << "no failure was told";
    return status();
  }

 private:
  Signal& signal_;
  mutable Mutex mutex_;
  Status status_ WEIR_GUARDED_BY(mutex_);
  int count_ WEIR_GUARDED_BY(mutex_) = 0;
};

// What goes through a channel, derived from a seed, so that both ends know it.
class Script {
 public:
  using Element = std::variant<Buffer, internal::ControlElement>;
  // `length` elements, the last one an end of input.
  Script(std::uint64_t seed, std::uint32_t length) : random_(seed), left_(length) {}
  bool done() const { return left_ == 0; }
  Element Next();

 private:
  SeededRandom random_;
  std::uint32_t left_;
  std::int64_t watermark_ = 0;
};

// The task at the sending end.
class ScriptedSender {
 public:
  ScriptedSender(std::unique_ptr<ByteSender> sender, std::uint64_t seed, std::uint32_t length)
      : sender_(std::move(sender)), script_(seed, length), random_(seed), next_(script_.Next()) {}
  // Sends what it may. True: everything was sent.
  bool Step();
  std::uint64_t bytes() const { return bytes_; }
  ByteSender& sender() { return *sender_; }

 private:
  std::unique_ptr<ByteSender> sender_;
  Script script_;
  SeededRandom random_;
  std::optional<Script::Element> next_;
  std::uint64_t bytes_ = 0;
};

// The task at the receiving end; compares with the script.
class ScriptedReceiver {
 public:
  ScriptedReceiver(std::unique_ptr<ByteReceiver> receiver, std::uint64_t seed, std::uint32_t length)
      : receiver_(std::move(receiver)), script_(seed, length), next_(script_.Next()) {}
  // Takes at most `most` elements. True: everything came.
  bool Step(std::uint32_t most = 1000);
  std::uint64_t bytes() const { return bytes_; }
  std::uint32_t buffers() const { return buffers_; }
  ByteReceiver& receiver() { return *receiver_; }

 private:
  std::unique_ptr<ByteReceiver> receiver_;
  void Advance();
  Script script_;
  std::optional<Script::Element> next_;
  std::uint64_t bytes_ = 0;
  std::uint32_t buffers_ = 0;
};

// Workers of one job behind one data port on loopback.
class NetworkFixture : public ::testing::Test {
 protected:
  NetworkFixture();
  ~NetworkFixture() override;

  // A worker; its connections come from the data port.
  TcpDataPlane& StartWorker(const std::string& id, const NetworkOptions& options = {});
  TcpDataPlane& StartWorker(const std::string& id, const JobIdentity& job,
                            const NetworkOptions& options = {});
  void StopWorker(const std::string& id);
  PeerAddress AddressOf(const std::string& id) const { return {id, "127.0.0.1", port_->port()}; }
  ReceiverEvents ForReceiver(FailureSlot* failure = nullptr);
  SenderEvents ForSender(FailureSlot* failure = nullptr);

  JobIdentity job_{"cluster", "0123456789abcdef0123456789abcdef", 4, 2, "leader", "secret"};
  Signal signal_;
  WorkerRegistry registry_;
  std::unique_ptr<DataPort> port_;

 private:
  std::vector<std::pair<std::string, std::shared_ptr<TcpDataPlane>>> workers_;
};

// A client of the data port that writes bytes by hand.
class HandmadePeer final : private FrameVisitor {
 public:
  explicit HandmadePeer(std::uint16_t port);
  void SendBytes(std::span<const std::byte> bytes);
  // Numbers the frame.
  void SendFrame(FrameHeader header, std::span<const std::byte> payload = {});
  void SendHandshake(const JobIdentity& job, const std::string& from, const std::string& to);
  // Blocks for the next frame. Nothing: the other side closed.
  struct Frame {
    FrameHeader header;
    Bytes payload;
  };
  std::optional<Frame> Receive();
  // "127.0.0.1:port" as the other side sees it.
  std::string address() const;
  void Close() { socket_.Reset(); }
  std::uint64_t next_sequence = 0;

 private:
  Bytes TakePayloadMemory(std::size_t length) override { return Bytes(length); }
  Status OnFrame(const FrameHeader& header, Bytes& payload) override;
  UniqueFd socket_;
  FrameDecoder decoder_;
  std::optional<Frame> received_;
};

}  // namespace weir::network
