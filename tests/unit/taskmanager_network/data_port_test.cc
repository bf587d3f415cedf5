#include "taskmanager/network/data_port.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/log_capture.h"
#include "common/text.h"
#include "taskmanager/network/descriptor_passing.h"
#include "taskmanager/network/frame_payload.h"
#include "tests/unit/taskmanager_network/frame_bytes.h"
#include "tests/unit/taskmanager_network/network_fixture.h"

namespace weir::network {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class DataPortTest : public NetworkFixture {
 protected:
  void OpenPort(std::int64_t handshake_timeout_ms, std::size_t most_pending) {
    port_.reset();
    auto port = DataPort::Open({.cluster_id = job_.cluster_id,
                                .handshake_timeout_ms = handshake_timeout_ms,
                                .most_pending = most_pending},
                               registry_);
    ASSERT_TRUE(port.ok());
    port_ = *std::move(port);
  }
  // A well-meant connection still gets through to worker b.
  void ExpectService() {
    HandmadePeer peer(port_->port());
    peer.SendHandshake(job_, "well-meaning", "b");
    const auto answer = peer.Receive();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->header.type, FrameType::kHandshakeAccepted);
    EXPECT_EQ(DecodeHandshakeAccepted(answer->payload)->worker_id, "b");
  }
};

// Whoever sends no handshake is closed and logged with its address, and nobody else suffers.
TEST_F(DataPortTest, GarbageIsClosedAndLogged) {
  StartWorker("b");
  Bytes oversize = FrameBytes({.type = FrameType::kHandshake}, BytesOf("x"));
  oversize[26] = std::byte{1};
  const Bytes data = FrameBytes({.type = FrameType::kData}, BytesOf("x"));
  const Bytes malformed = FrameBytes({.type = FrameType::kHandshake}, BytesOf("xyz"));
  const std::vector<std::pair<Bytes, std::string>> cases = {
      {BytesOf("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "not a Weir frame"},
      {oversize, "payload of 65537 bytes in a handshake frame"},
      {data, "a data frame in place of the handshake"},
      {malformed, "malformed payload of a handshake frame"},
  };
  for (const auto& [bytes, text] : cases) {
    const LogCapture log;
    HandmadePeer peer(port_->port());
    peer.SendBytes(bytes);
    EXPECT_FALSE(peer.Receive().has_value()) << text;
    EXPECT_TRUE(log.Contains(Concat("closed ", peer.address(), ": "))) << text;
    EXPECT_TRUE(log.Contains(text)) << text;
  }
  ExpectService();
}

TEST_F(DataPortTest, RandomBytesDoNoHarm) {
  StartWorker("b");
  const LogCapture log;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(Concat("seed ", seed));
    SeededRandom random(seed);
    Bytes bytes(kFrameHeaderSize + RandomBelow(random, 3000));
    for (std::byte& each : bytes) each = static_cast<std::byte>(random.NextUint64());
    HandmadePeer peer(port_->port());
    peer.SendBytes(bytes);
    EXPECT_FALSE(peer.Receive().has_value());
  }
  ExpectService();
}

TEST_F(DataPortTest, WhoDoesNotFinishItsHandshakeIsClosed) {
  OpenPort(50, 256);
  StartWorker("b");
  const LogCapture log;
  const Bytes bytes = FrameBytes({.type = FrameType::kHandshake}, BytesOf("half of it"));
  HandmadePeer silent(port_->port());
  HandmadePeer half(port_->port());
  half.SendBytes(std::span(bytes).first(20));
  EXPECT_FALSE(silent.Receive().has_value());
  EXPECT_FALSE(half.Receive().has_value());
  EXPECT_TRUE(log.Contains("no handshake in time"));
  OpenPort(30'000, 256);
  ExpectService();
}

TEST_F(DataPortTest, TooManyUnfinishedHandshakesCloseTheOldest) {
  OpenPort(30'000, 3);
  StartWorker("b");
  const LogCapture log;
  std::vector<std::unique_ptr<HandmadePeer>> idle;
  for (int i = 0; i < 5; ++i) idle.push_back(std::make_unique<HandmadePeer>(port_->port()));
  EXPECT_FALSE(idle[0]->Receive().has_value());
  EXPECT_FALSE(idle[1]->Receive().has_value());
  EXPECT_TRUE(log.Contains("too many connections that have not shaken hands"));
  ExpectService();
}

TEST_F(DataPortTest, RefusalsAreAnswered) {
  StartWorker("b");
  const auto refusal = [&](const JobIdentity& job, const std::string& worker,
                           GoodbyeReason reason) {
    const LogCapture log;
    HandmadePeer peer(port_->port());
    peer.SendHandshake(job, "a", worker);
    const auto answer = peer.Receive();
    if (!answer.has_value() || answer->header.type != FrameType::kGoodbye) return std::string();
    EXPECT_FALSE(peer.Receive().has_value());
    const Result<Goodbye> goodbye = DecodeGoodbye(answer->payload);
    EXPECT_EQ(goodbye->reason, reason);
    return goodbye->text;
  };
  JobIdentity other = job_;
  other.cluster_id = "elsewhere";
  EXPECT_THAT(refusal(other, "b", GoodbyeReason::kRefused),
              HasSubstr("this is cluster 'cluster', not 'elsewhere'"));
  EXPECT_THAT(refusal(job_, "c", GoodbyeReason::kGone), HasSubstr("worker c does not run here"));
  (other = job_).credential = "guess";
  EXPECT_THAT(refusal(other, "b", GoodbyeReason::kRefused), HasSubstr("credential"));
  registry_.Register("dead", [](UniqueFd&, const Handshake&) {
    return Status::Unavailable("the worker is gone");
  });
  EXPECT_THAT(refusal(job_, "dead", GoodbyeReason::kUnavailable),
              HasSubstr("worker dead: the worker is gone"));
}

TEST_F(DataPortTest, APortInUseIsNamed) {
  const auto second = DataPort::Open({.port = port_->port()}, registry_);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.status().message(),
              AllOf(HasSubstr(Concat("data port 127.0.0.1:", port_->port())), HasSubstr("bind")));
  EXPECT_FALSE(DataPort::Open({.bind_host = "no such host"}, registry_).ok());
}

// ---- descriptor passing: the way to a worker in a process of its own ----

TEST_F(DataPortTest, ConnectionsReachAWorkerOverAUnixSocket) {
  TcpDataPlane& a = StartWorker("a");
  TcpDataPlane b("b", job_);
  Result<DescriptorPair> pair = MakeDescriptorPair();
  ASSERT_TRUE(pair.ok());
  registry_.Register("b", DescriptorSender::AsTarget(std::make_shared<DescriptorSender>(
                              std::move(pair->task_manager_end))));
  FailureSlot closed(signal_);
  const DescriptorReceiver receiver(
      std::move(pair->worker_end),
      [&b](UniqueFd connection, const Handshake& handshake) {
        b.AcceptConnection(std::move(connection), handshake);
      },
      [&closed](const Status& status) { closed.Set(status); });
  auto input = b.RegisterInput({1, 1, 1}, "a", ForReceiver());
  auto output = a.OpenOutput({1, 1, 1}, AddressOf("b"), ForSender());
  ASSERT_TRUE(signal_.WaitUntil([&] { return (*output)->credits() > 0; }));
  (*output)->Send({BytesOf("hello"), false}, 0);
  (*output)->Push();
  ASSERT_TRUE(signal_.WaitUntil([&] { return (*input)->HasElement(); }));
  EXPECT_EQ(TextOf(std::get<Buffer>((*input)->Pop()->element).bytes), "hello");
  EXPECT_EQ(closed.count(), 0);
  registry_.Unregister("b");  // the TaskManager's end goes with it
  EXPECT_TRUE(closed.Await().ok());
  output->reset();
}

TEST_F(DataPortTest, AWorkerThatIsGoneOrBusyIsToldToWhoDials) {
  Result<DescriptorPair> pair = MakeDescriptorPair();
  ASSERT_TRUE(pair.ok());
  const DescriptorSender sender(std::move(pair->task_manager_end));
  const UniqueFd some(::dup(0));
  // Nobody reads: at some point the socket pair is full, and that does not block.
  Status status;
  for (int i = 0; i < 100'000 && status.ok(); ++i) status = sender.Send(some.get(), {});
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("does not take connections"));
  pair->worker_end.Reset();
  EXPECT_THAT(sender.Send(some.get(), {}).message(), HasSubstr("passing a connection"));
}

}  // namespace
}  // namespace weir::network
