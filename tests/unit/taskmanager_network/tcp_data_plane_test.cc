#include "taskmanager/network/tcp_data_plane.h"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"
#include "tests/sanitizers/instrumented.h"
#include "tests/unit/taskmanager_network/frame_bytes.h"
#include "tests/unit/taskmanager_network/network_fixture.h"

namespace weir::network {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TcpDataPlaneTest : public NetworkFixture {
 protected:
  std::unique_ptr<ScriptedReceiver> Register(TcpDataPlane& plane, std::uint32_t channel,
                                             const std::string& source, std::uint64_t seed,
                                             std::uint32_t length, FailureSlot* failure = nullptr) {
    auto receiver = plane.RegisterInput({channel, 1, 1}, source, ForReceiver(failure));
    EXPECT_TRUE(receiver.ok());
    return std::make_unique<ScriptedReceiver>(*std::move(receiver), seed, length);
  }
  std::unique_ptr<ScriptedSender> Open(TcpDataPlane& plane, std::uint32_t channel,
                                       const std::string& target, std::uint64_t seed,
                                       std::uint32_t length, FailureSlot* failure = nullptr) {
    auto sender = plane.OpenOutput({channel, 1, 1}, AddressOf(target), ForSender(failure));
    EXPECT_TRUE(sender.ok());
    return std::make_unique<ScriptedSender>(*std::move(sender), seed, length);
  }
  // Steps everything until all of it is done.
  template <class Condition>
  void RunUntil(const Condition& condition) {
    ASSERT_TRUE(signal_.WaitUntil(condition)) << "stuck";
  }
};

using Senders = std::vector<std::unique_ptr<ScriptedSender>>;
using Receivers = std::vector<std::unique_ptr<ScriptedReceiver>>;

bool StepAll(const Senders& senders) {
  bool done = true;
  for (const auto& sender : senders) done &= sender->Step();
  return done;
}
bool StepAll(const Receivers& receivers) {
  bool done = true;
  for (const auto& receiver : receivers) done &= receiver->Step();
  return done;
}

// Both workers dial at once, each has a thread of tasks, credits are scarce.
TEST_F(TcpDataPlaneTest, ManyChannelsInBothDirectionsCarryEverythingInOrder) {
  constexpr std::uint32_t kChannels = 12;
  constexpr std::uint32_t kLength = 400;
  for (std::uint64_t seed = 1; seed <= (test::kInstrumented ? 2 : 6); ++seed) {
    SCOPED_TRACE(Concat("seed ", seed));
    NetworkOptions options;
    options.credits = {.exclusive = static_cast<std::uint32_t>(1 + seed % 3),
                       .maximum_floating = 3};
    options.floating_buffers = static_cast<std::uint32_t>(4 * (seed % 4));
    const std::string a_id = Concat("a", seed), b_id = Concat("b", seed);
    TcpDataPlane& a = StartWorker(a_id, options);
    TcpDataPlane& b = StartWorker(b_id, options);
    Receivers at_a, at_b;
    for (std::uint32_t i = 0; i < kChannels; ++i) {
      at_b.push_back(Register(b, i, a_id, seed * 1000 + i, kLength));
      at_a.push_back(Register(a, 100 + i, b_id, seed * 2000 + i, kLength));
    }
    Signal b_signal;
    std::thread b_tasks([&] {
      Senders from_b;
      for (std::uint32_t i = 0; i < kChannels; ++i) {
        from_b.push_back(Open(b, 100 + i, a_id, seed * 2000 + i, kLength));
      }
      EXPECT_TRUE(signal_.WaitUntil([&] {
        const bool sent = StepAll(from_b);
        return StepAll(at_b) && sent;
      }));
    });
    Senders from_a;
    for (std::uint32_t i = 0; i < kChannels; ++i) {
      from_a.push_back(Open(a, i, b_id, seed * 1000 + i, kLength));
    }
    RunUntil([&] {
      const bool sent = StepAll(from_a);
      return StepAll(at_a) && sent;
    });
    b_tasks.join();
    for (std::uint32_t i = 0; i < kChannels; ++i) {
      EXPECT_EQ(from_a[i]->sender().bytes_sent(), from_a[i]->bytes());
      EXPECT_EQ(at_b[i]->receiver().bytes_received(), from_a[i]->bytes());
    }
    from_a.clear();
    at_a.clear();
    at_b.clear();
    StopWorker(a_id);
    StopWorker(b_id);
  }
}

TEST_F(TcpDataPlaneTest, ASlowConsumerStopsNoOtherChannelOfTheConnection) {
  constexpr std::uint32_t kLength = 1500;
  constexpr std::uint32_t kSlow = 2;
  NetworkOptions options;
  options.credits = {.exclusive = 2, .maximum_floating = 3};
  options.floating_buffers = 8;
  TcpDataPlane& a = StartWorker("a", options);
  TcpDataPlane& b = StartWorker("b", options);
  Receivers receivers;
  Senders senders;
  for (std::uint32_t i = 0; i < 5; ++i) receivers.push_back(Register(b, i, "a", i, kLength));
  for (std::uint32_t i = 0; i < 5; ++i) senders.push_back(Open(a, i, "b", i, kLength));
  std::uint64_t slow_sent_before = 0;
  RunUntil([&] {
    bool done = true;
    for (std::uint32_t i = 0; i < 5; ++i) {
      const bool sent = senders[i]->Step();
      if (i != kSlow) done &= receivers[i]->Step() && sent;
    }
    slow_sent_before = senders[kSlow]->bytes();
    return done;
  });
  for (std::uint32_t i = 0; i < 5; ++i) {
    if (i != kSlow) {
      EXPECT_GT(receivers[i]->buffers(), kLength / 2);
    }
  }
  // Not one buffer above what the receiver keeps memory for.
  EXPECT_EQ(receivers[kSlow]->buffers(), 0u);
  EXPECT_LE(slow_sent_before, (2 + 3) * kBufferSize);
  EXPECT_FALSE(senders[kSlow]->Step());
  // It goes on as soon as it is consumed.
  RunUntil([&] {
    const bool sent = senders[kSlow]->Step();
    return receivers[kSlow]->Step() && sent;
  });
  EXPECT_EQ(receivers[kSlow]->bytes(), senders[kSlow]->bytes());
}

// The tasks are done and gone, and so is the data plane, before the network thread has written.
TEST_F(TcpDataPlaneTest, TheEndOfTheDataPlaneLetsQueuedDataOut) {
  TcpDataPlane& b = StartWorker("b");
  for (int round = 0; round < 20; ++round) {
    const std::string id = Concat("a", round);
    TcpDataPlane& a = StartWorker(id);
    auto receiver = Register(b, static_cast<std::uint32_t>(round), id, 5, 60);
    auto sender = Open(a, static_cast<std::uint32_t>(round), "b", 5, 60);
    RunUntil([&] {
      receiver->Step();
      return sender->Step();
    });
    sender.reset();
    StopWorker(id);
    RunUntil([&] { return receiver->Step(); });
  }
}

TEST_F(TcpDataPlaneTest, AWorkerThatStopsFailsThePeersOpenChannelsOnce) {
  FailureSlot input(signal_), output(signal_), own_input(signal_), own_output(signal_);
  TcpDataPlane& a = StartWorker("a");
  TcpDataPlane& b = StartWorker("b");
  auto receiver = Register(b, 1, "a", 5, 100'000, &input);
  auto back_receiver = Register(a, 2, "b", 6, 100'000, &own_input);
  auto sender = Open(a, 1, "b", 5, 100'000, &own_output);
  auto back_sender = Open(b, 2, "a", 6, 100'000, &output);
  RunUntil([&] {
    sender->Step();
    back_sender->Step();
    receiver->Step();
    back_receiver->Step();
    return receiver->buffers() > 100 && back_receiver->buffers() > 100;
  });
  StopWorker("a");
  EXPECT_EQ(input.Await().code(), StatusCode::kUnavailable);
  EXPECT_THAT(input.status().message(), AllOf(HasSubstr("input channel 1: worker a at 127.0.0.1:"),
                                              HasSubstr("the worker is stopping")));
  EXPECT_THAT(output.Await().message(), HasSubstr("output channel 2: worker a at 127.0.0.1:"));
  // A failed sender drops what it is given.
  back_sender->sender().SendControl(internal::Watermark{1});
  back_sender->sender().Push();
  back_sender.reset();
  receiver.reset();
  StopWorker("b");
  EXPECT_EQ(input.count(), 1);
  EXPECT_EQ(output.count(), 1);
  EXPECT_EQ(own_input.status().code(), StatusCode::kCanceled);
  EXPECT_EQ(own_output.status().code(), StatusCode::kCanceled);
  // Handles that outlive their data plane do nothing.
  sender->sender().SendControl(internal::Watermark{1});
  sender->sender().Push();
  while (back_receiver->receiver().Pop().has_value()) {
  }
}

TEST_F(TcpDataPlaneTest, ChannelsThatDoNotFitAreRefusedWithTheReason) {
  TcpDataPlane& a = StartWorker("a");
  TcpDataPlane& b = StartWorker("b");
  auto of_other_worker = b.RegisterInput({2, 1, 1}, "c", ForReceiver());
  auto of_other_attempt = b.RegisterInput({3, 4, 5}, "a", ForReceiver());
  struct Case {
    ChannelIdentity identity;
    std::string text;
  };
  for (const Case& each : std::vector<Case>{
           {{1, 1, 1}, "output channel 1: worker b at 127.0.0.1"},
           {{1, 1, 1}, "no such channel is registered"},
           {{2, 1, 1}, "it is fed by worker c"},
           {{3, 3, 5}, "it leads from attempt 4 to attempt 5, not from attempt 3 to attempt 5"},
           {{3, 4, 6}, "not from attempt 4 to attempt 6"},
       }) {
    FailureSlot failure(signal_);
    auto sender = a.OpenOutput(each.identity, AddressOf("b"), ForSender(&failure));
    ASSERT_TRUE(sender.ok());
    // Attempts follow each other in a worker; who feeds a channel does not change.
    const bool passes = each.identity.channel != 2;
    EXPECT_EQ(failure.Await().code(),
              passes ? StatusCode::kUnavailable : StatusCode::kFailedPrecondition);
    EXPECT_EQ(failure.status().retry(), passes ? RetryHint::kRetry : RetryHint::kNoRetry);
    EXPECT_THAT(failure.status().message(), HasSubstr(each.text));
    EXPECT_EQ((*sender)->credits(), 0u);
  }
  // The connection stands, and the right one is taken.
  FailureSlot failure(signal_);
  auto sender = a.OpenOutput({3, 4, 5}, AddressOf("b"), ForSender(&failure));
  RunUntil([&] { return (*sender)->credits() > 0; });
  EXPECT_EQ(failure.count(), 0);
  // A second one for the same channel of the same attempts replaces it here; the receiver that has
  // it open refuses.
  FailureSlot second_failure(signal_);
  auto second = a.OpenOutput({3, 4, 5}, AddressOf("b"), ForSender(&second_failure));
  EXPECT_EQ(failure.Await().code(), StatusCode::kCanceled);
  EXPECT_THAT(second_failure.Await().message(), HasSubstr("it is open already"));
}

TEST_F(TcpDataPlaneTest, ANewerAttemptReplacesTheChannel) {
  TcpDataPlane& a = StartWorker("a");
  TcpDataPlane& b = StartWorker("b");
  FailureSlot old_input(signal_), older_input(signal_), old_output(signal_);
  auto old_receiver = b.RegisterInput({7, 1, 1}, "a", ForReceiver(&old_input));
  auto old_sender = a.OpenOutput({7, 1, 1}, AddressOf("b"), ForSender(&old_output));
  RunUntil([&] { return (*old_sender)->credits() > 0; });
  (*old_sender)->Send({BytesOf("of the old attempt"), false}, 0);
  (*old_sender)->Push();
  auto receiver = b.RegisterInput({7, 2, 2}, "a", ForReceiver());
  EXPECT_EQ(old_input.Await().code(), StatusCode::kCanceled);
  auto older = b.RegisterInput({7, 2, 1}, "a", ForReceiver(&older_input));
  EXPECT_EQ(older_input.Await().code(), StatusCode::kAlreadyExists);
  auto sender = a.OpenOutput({7, 2, 2}, AddressOf("b"), ForSender());
  EXPECT_EQ(old_output.Await().code(), StatusCode::kCanceled);
  RunUntil([&] { return (*sender)->credits() > 0; });
  (*sender)->Send({BytesOf("of the new attempt"), false}, 0);
  (*sender)->Push();
  RunUntil([&] { return (*receiver)->HasElement(); });
  EXPECT_EQ(TextOf(std::get<Buffer>((*receiver)->Pop()->element).bytes), "of the new attempt");
}

TEST_F(TcpDataPlaneTest, WorkersThatDoNotFitAreRefusedWithTheReason) {
  JobIdentity older = job_;
  older.job_epoch = 3;
  TcpDataPlane& a = StartWorker("a", older);
  StartWorker("b");
  FailureSlot epoch(signal_), nobody(signal_);
  auto to_b = a.OpenOutput({1, 1, 1}, AddressOf("b"), ForSender(&epoch));
  EXPECT_EQ(epoch.Await().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(epoch.status().retry(), RetryHint::kNoRetry);
  EXPECT_THAT(epoch.status().message(),
              AllOf(HasSubstr(Concat("worker b at 127.0.0.1:", port_->port())),
                    HasSubstr("it is of epoch 3 of job"), HasSubstr("of epoch 4")));
  auto to_nobody = a.OpenOutput({1, 1, 1}, AddressOf("nobody"), ForSender(&nobody));
  EXPECT_THAT(nobody.Await().message(),
              AllOf(HasSubstr("worker nobody at"), HasSubstr("worker nobody does not run here")));
  // It may just have died: a job that is started again meets its successor.
  EXPECT_EQ(nobody.status().retry(), RetryHint::kRetry);
}

TEST_F(TcpDataPlaneTest, APeerThatCannotBeReachedIsNamedAfterTheTimeout) {
  const std::uint16_t free_port = port_->port();
  port_.reset();
  NetworkOptions options;
  options.dialling.timeout_ms = 150;
  TcpDataPlane& a = StartWorker("a", options);
  FailureSlot failure(signal_);
  auto sender = a.OpenOutput({1, 1, 1}, {"b", "127.0.0.1", free_port}, ForSender(&failure));
  EXPECT_EQ(failure.Await().code(), StatusCode::kUnavailable);
  EXPECT_THAT(failure.status().message(),
              AllOf(HasSubstr(Concat("worker b at 127.0.0.1:", free_port)),
                    HasSubstr("no connection within 150 ms"), HasSubstr("refused")));
}

TEST_F(TcpDataPlaneTest, ChannelsWithinAWorkerAreNotForTheNetwork) {
  TcpDataPlane& a = StartWorker("a");
  EXPECT_FALSE(a.OpenOutput({1, 1, 1}, AddressOf("a"), ForSender()).ok());
  EXPECT_FALSE(a.RegisterInput({1, 1, 1}, "a", ForReceiver()).ok());
}

}  // namespace
}  // namespace weir::network
