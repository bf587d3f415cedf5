// Async I/O: the operator in its chain, with calls that the test ends.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/async_data_stream.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/collecting_sink.h"

namespace weir {
namespace {

using Number = std::int64_t;

// Calls that the test ends itself.
struct Service {
  struct Call {
    Number number;
    ResultFuture<std::string> result;
  };
  std::vector<Call> calls;
  std::vector<Number> timed_out;

  // Of the call for this number that was made last.
  const ResultFuture<std::string>& result_of(Number number) const {
    const auto found = std::find_if(calls.rbegin(), calls.rend(),
                                    [&](const Call& call) { return call.number == number; });
    return found->result;
  }
  void Answer(Number number) { result_of(number).Complete("r" + std::to_string(number)); }
};

struct Ask {
  void AsyncInvoke(const Number& number, ResultFuture<std::string> result) {
    if (number == 666) throw std::runtime_error("beastly");
    service->calls.push_back({number, std::move(result)});
  }
  std::shared_ptr<Service> service;
};
struct AskWithTimeout : Ask {
  void Timeout(const Number& number, const ResultFuture<std::string>& result) {
    service->timed_out.push_back(number);
    if (number != 13) result.Complete("late" + std::to_string(number));
  }
};
using Retry = AsyncRetryStrategy<std::string>;

class AsyncWait : public ::testing::Test {
 protected:
  enum class Mode { kOrdered, kUnordered };

  template <class F = Ask>
  void Start(Mode mode, std::int64_t timeout_ms, std::uint32_t capacity,
             Retry retry = Retry::Never(),
             std::vector<internal::ChainedOperatorState> restored = {},
             ErrorPolicy policy = ErrorPolicy::kFail) {
    StreamExecutionEnvironment env(inputs_);
    DataStream<Number> numbers = env.FromSequence(1, 2);
    F function;
    function.service = service_;
    auto asked = mode == Mode::kOrdered
                     ? AsyncDataStream::OrderedWaitWithRetry(numbers, function, timeout_ms,
                                                             capacity, std::move(retry))
                     : AsyncDataStream::UnorderedWaitWithRetry(numbers, function, timeout_ms,
                                                               capacity, std::move(retry));
    asked.Uid("ask").OnError(policy);
    if (policy == ErrorPolicy::kDeadLetter) {
      asked.DeadLetters().SinkTo(testing::CollectingSink<DeadLetter>(letters_));
    }
    asked.Rebalance().SinkTo(testing::CollectingSink<std::string>(nullptr));
    auto job = env.Compile();
    ASSERT_TRUE(job.ok()) << job.status().ToString();
    job_ = *std::move(job);
    chain_ = job_->CreateChain(1, context_);
    if (!restored.empty()) chain_->RestoreOperatorState(std::move(restored));
    ASSERT_TRUE(chain_->Open().ok());
  }
  // A step of the engine with these numbers, if it may have input.
  Status Step(const std::vector<Number>& numbers = {}) {
    WEIR_ASSIGN_OR_RETURN(const bool drained, chain_->Drain());
    EXPECT_TRUE(drained);
    if (context_.timer_ms <= context_.processing_time) {
      context_.timer_ms = internal::kNoTimer;
      return chain_->OnProcessingTime(context_.processing_time);
    }
    EXPECT_EQ(chain_->HoldsInput() && !numbers.empty(), false);
    return numbers.empty() ? Status::Ok() : chain_->OnBatch(0, *testing::MakeBatch(numbers));
  }
  void Pass(std::int64_t time_ms) { context_.processing_time += time_ms; }
  // Steps without input until nothing more comes, then what came out since the last time: results,
  // and "W7" for a watermark.
  std::string Out() {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(Step().ToString(), "OK");
    chain_->Flush();
    std::string out;
    for (const auto& element : context_.outputs[0][0]->written) {
      if (!out.empty()) out += ' ';
      if (const auto* any = std::get_if<std::unique_ptr<internal::AnyBatch>>(&element)) {
        const auto& batch = static_cast<const internal::Batch<std::string>&>(**any);
        for (std::uint32_t i = 0; i < batch.size(); ++i) out += (i > 0 ? " " : "") + batch[i];
      } else {
        const auto& control = std::get<internal::ControlElement>(element);
        const auto* watermark = std::get_if<internal::Watermark>(&control);
        out += watermark == nullptr ? "S" : "W" + std::to_string(watermark->timestamp_ms);
      }
    }
    context_.outputs[0][0]->written.clear();
    return out;
  }

  internal::JobInputs inputs_;
  std::shared_ptr<testing::Collected<DeadLetter>> letters_ =
      std::make_shared<testing::Collected<DeadLetter>>();
  std::shared_ptr<Service> service_ = std::make_shared<Service>();
  std::unique_ptr<internal::CompiledJob> job_;
  testing::FakeChainContext context_{{1}};
  std::unique_ptr<internal::Chain> chain_;
};

TEST_F(AsyncWait, OrderedResultsKeepTheOrderOfTheirRecords) {
  Start(Mode::kOrdered, 0, 10);
  ASSERT_TRUE(Step({1, 2, 3}).ok());
  ASSERT_TRUE(chain_->OnWatermark(0, {7}).ok());
  service_->Answer(3);
  service_->Answer(2);
  EXPECT_EQ(Out(), "");
  EXPECT_EQ(context_.fake_availability->notified, 1);  // one notification until they are taken
  service_->Answer(1);
  EXPECT_EQ(Out(), "r1 r2 r3 W7");
}

TEST_F(AsyncWait, UnorderedResultsOvertakeEachOtherButNoWatermark) {
  Start(Mode::kUnordered, 0, 10);
  ASSERT_TRUE(Step({1, 2}).ok());
  ASSERT_TRUE(chain_->OnWatermark(0, {7}).ok());
  ASSERT_TRUE(chain_->OnWatermarkStatus(0, {true}).ok());
  ASSERT_TRUE(Step({3, 4}).ok());
  service_->Answer(4);
  service_->Answer(2);
  EXPECT_EQ(Out(), "r2");
  service_->result_of(1).CompleteAll({"a", "b", "c"});
  EXPECT_EQ(Out(), "a b c W7 S r4");
  service_->result_of(3).CompleteAll({});
  EXPECT_EQ(Out(), "");
}

TEST_F(AsyncWait, AtItsCapacityItHoldsBackInputAndMakesNoCalls) {
  Start(Mode::kUnordered, 0, 2);
  EXPECT_FALSE(chain_->HoldsInput());
  ASSERT_TRUE(Step({1, 2, 3, 4, 5}).ok());
  ASSERT_TRUE(chain_->OnWatermark(0, {9}).ok());
  EXPECT_TRUE(chain_->HoldsInput());
  EXPECT_EQ(service_->calls.size(), 2u);
  service_->Answer(2);
  EXPECT_EQ(Out(), "r2");
  EXPECT_EQ(service_->calls.size(), 3u);
  service_->Answer(1);
  service_->Answer(3);
  EXPECT_EQ(Out(), "r1 r3");
  EXPECT_EQ(service_->calls.size(), 5u);
  EXPECT_TRUE(chain_->HoldsInput());  // full, though nothing waits
  service_->Answer(5);
  EXPECT_EQ(Out(), "r5");
  EXPECT_FALSE(chain_->HoldsInput());
  service_->Answer(4);
  EXPECT_EQ(Out(), "r4 W9");
}

TEST_F(AsyncWait, TheEndWaitsForAllCalls) {
  Start(Mode::kOrdered, 0, 1);
  ASSERT_TRUE(Step({1, 2}).ok());
  ASSERT_TRUE(chain_->OnEndOfInput(0).ok());
  EXPECT_FALSE(*chain_->Finish());
  service_->Answer(1);
  EXPECT_EQ(Out(), "r1");
  EXPECT_FALSE(*chain_->Finish());
  service_->Answer(2);
  EXPECT_EQ(Out(), "r2");
  EXPECT_TRUE(*chain_->Finish());
}

TEST_F(AsyncWait, WhatComesTwiceOrTooLateIsIgnored) {
  Start<AskWithTimeout>(Mode::kUnordered, 50, 10);
  ASSERT_TRUE(Step({1, 2}).ok());
  service_->result_of(1).Complete("first");
  service_->result_of(1).Complete("second");
  service_->result_of(1).CompleteExceptionally(Status::UserError("third"));
  EXPECT_EQ(Out(), "first");
  Pass(50);
  EXPECT_EQ(Out(), "late2");
  service_->Answer(2);
  service_->Answer(1);
  EXPECT_EQ(Out(), "");
  ASSERT_TRUE(Step({3}).ok());  // in the place of one of them
  service_->Answer(2);
  EXPECT_EQ(Out(), "");
  service_->Answer(3);
  EXPECT_EQ(Out(), "r3");
  ASSERT_TRUE(chain_->Close().ok());
  chain_.reset();
  service_->Answer(3);
}

TEST_F(AsyncWait, TimeoutsCountFromTheFirstCallOfEach) {
  Start<AskWithTimeout>(Mode::kOrdered, 100, 2);
  ASSERT_TRUE(Step({1, 2, 3}).ok());
  Pass(99);
  EXPECT_EQ(Out(), "");
  EXPECT_EQ(service_->timed_out, (std::vector<Number>{}));
  service_->Answer(2);
  Pass(1);
  EXPECT_EQ(Out(), "late1 r2");
  EXPECT_EQ(service_->timed_out, (std::vector<Number>{1}));
  ASSERT_EQ(service_->calls.size(), 3u);
  Pass(99);
  EXPECT_EQ(Out(), "");
  Pass(1);
  EXPECT_EQ(Out(), "late3");
  EXPECT_EQ(context_.timer_ms, internal::kNoTimer);
}

TEST_F(AsyncWait, WhatATimeoutHandlerSaysIsNotRetried) {
  Start<AskWithTimeout>(
      Mode::kOrdered, 100, 1,
      Retry::FixedDelay(5, 30).IfResult([](const auto& results) { return !results.empty(); }));
  ASSERT_TRUE(Step({1}).ok());
  service_->Answer(1);
  EXPECT_EQ(Out(), "") << "it will be asked for again";
  Pass(100);
  EXPECT_EQ(Out(), "late1");
  EXPECT_EQ(context_.timer_ms, internal::kNoTimer);
  ASSERT_TRUE(Step({2}).ok());  // in its place
  service_->Answer(2);
  EXPECT_EQ(Out(), "") << "the time of this one is not over";
  Pass(100);
  EXPECT_EQ(Out(), "late2");
}

TEST_F(AsyncWait, WithoutATimeoutHandlerTheJobFails) {
  Start(Mode::kOrdered, 100, 10);
  ASSERT_TRUE(Step({1}).ok());
  Pass(100);
  const Status failed = Step();
  EXPECT_EQ(failed.code(), StatusCode::kTimedOut);
  EXPECT_EQ(failed.message(),
            "Async Wait: the asynchronous call for a record with timestamp 0 failed: there was no "
            "result within 100 ms");
}

TEST_F(AsyncWait, ATimeoutHandlerMustComplete) {
  Start<AskWithTimeout>(Mode::kOrdered, 100, 10);
  ASSERT_TRUE(Step({13}).ok());
  Pass(100);
  EXPECT_NE(Step().message().find("Timeout() returned without completing the result"),
            std::string::npos);
}

TEST_F(AsyncWait, ErrorsOfCallsFailTheJobAndNameOperatorAndRecord) {
  Start(Mode::kOrdered, 0, 10);
  ASSERT_TRUE(Step({1, 2}).ok());
  service_->result_of(2).CompleteExceptionally(Status::Unavailable("gone"));
  const Status failed = Step();
  EXPECT_EQ(failed.code(), StatusCode::kUnavailable);
  EXPECT_EQ(failed.message(),
            "Async Wait: the asynchronous call for a record with timestamp 1 failed: gone");
  Start(Mode::kOrdered, 0, 10);
  ASSERT_TRUE(Step({1}).ok());
  service_->result_of(1).CompleteExceptionally(
      std::make_exception_ptr(std::runtime_error("thrown elsewhere")));
  EXPECT_NE(Step().message().find("failed: thrown elsewhere"), std::string::npos);
  EXPECT_THROW(static_cast<void>(Step({666})), std::runtime_error);
  Start(Mode::kOrdered, 0, 10);
  ASSERT_TRUE(Step({1}).ok());
  service_->calls.clear();
  EXPECT_NE(Step().message().find("let go of its ResultFuture"), std::string::npos);
}

TEST_F(AsyncWait, WithAnErrorPolicyOnlyTheRecordsWhoseCallsFailedAreLeftOut) {
  for (const Mode mode : {Mode::kOrdered, Mode::kUnordered}) {
    Start(mode, 0, 10, Retry::Never(), {}, ErrorPolicy::kDrop);
    ASSERT_TRUE(Step({1, 2, 666, 3}).ok());
    service_->result_of(2).CompleteExceptionally(Status::Unavailable("gone"));
    service_->Answer(1);
    service_->Answer(3);
    EXPECT_EQ(Out(), "r1 r3");
    EXPECT_FALSE(chain_->HoldsInput());
  }
}

TEST_F(AsyncWait, LettersOfFailedCallsCarryTheirRecordsAndErrors) {
  Start<AskWithTimeout>(Mode::kOrdered, 100, 10, Retry::Never(), {}, ErrorPolicy::kDeadLetter);
  ASSERT_TRUE(Step({13, 14, 666, 5}).ok());
  service_->result_of(5).CompleteExceptionally(Status::Unavailable("gone"));
  EXPECT_EQ(Out(), "");
  Pass(100);
  EXPECT_EQ(Out(), "late14");
  ASSERT_EQ(letters_->records.size(), 3u);
  const auto expect = [&](std::size_t i, Number record, const char* error) {
    const DeadLetter& letter = letters_->records[i];
    EXPECT_EQ(*Deserialize<Number>(std::as_bytes(std::span(letter.record))), record);
    EXPECT_NE(letter.error.find(error), std::string::npos) << letter.error;
  };
  expect(0, 666, "beastly");
  expect(1, 5, "gone");
  expect(2, 13, "Timeout() returned without completing the result");
}

TEST_F(AsyncWait, RetriesByResultWithAFixedDelayUntilTheyAreUsedUp) {
  Start(Mode::kOrdered, 0, 10,
        Retry::FixedDelay(2, 30).IfResult([](const auto& results) { return results.empty(); }));
  ASSERT_TRUE(Step({1, 2}).ok());
  service_->result_of(1).CompleteAll({});
  service_->Answer(2);
  EXPECT_EQ(Out(), "");
  EXPECT_EQ(service_->calls.size(), 2u);
  Pass(29);
  EXPECT_EQ(Out(), "");
  EXPECT_EQ(service_->calls.size(), 2u);
  Pass(1);
  EXPECT_EQ(Out(), "");
  EXPECT_EQ(service_->calls.size(), 3u);
  service_->calls[0].result.Complete("of the first call");
  service_->result_of(1).CompleteAll({});
  EXPECT_EQ(Out(), "");
  Pass(30);
  EXPECT_EQ(Out(), "");
  ASSERT_EQ(service_->calls.size(), 4u);
  service_->result_of(1).CompleteAll({});
  EXPECT_EQ(Out(), "r2");
}

TEST_F(AsyncWait, RetriesByErrorWithGrowingDelaysWithinTheTimeout) {
  const auto unavailable = [](const Status& error) {
    return error.code() == StatusCode::kUnavailable;
  };
  Start<AskWithTimeout>(Mode::kUnordered, 1000, 10,
                        Retry::ExponentialBackoff(9, 10, 35, 2).IfException(unavailable));
  ASSERT_TRUE(Step({1}).ok());
  for (const std::int64_t delay_ms : {10, 20, 35, 35}) {
    service_->result_of(1).CompleteExceptionally(Status::Unavailable("not now"));
    EXPECT_EQ(Out(), "");
    const std::size_t calls = service_->calls.size();
    Pass(delay_ms - 1);
    EXPECT_EQ(Out(), "");
    EXPECT_EQ(service_->calls.size(), calls);
    Pass(1);
    EXPECT_EQ(Out(), "");
    EXPECT_EQ(service_->calls.size(), calls + 1);
  }
  ASSERT_TRUE(Step({2}).ok());
  service_->result_of(1).CompleteExceptionally(Status::Unavailable("not now"));
  EXPECT_EQ(Out(), "");
  Pass(900);  // the time of the retry and that of the record are over
  EXPECT_EQ(Out(), "late1");
  service_->result_of(2).CompleteExceptionally(Status::UserError("never"));
  EXPECT_NE(Step().message().find("timestamp 0 failed: never"), std::string::npos);
}

TEST_F(AsyncWait, ExponentialDelaysStayWithinTheirBounds) {
  const auto retry = Retry::ExponentialBackoff(100, 0, 1'000'000, 1e300);
  EXPECT_EQ(retry.DelayMs(0), 0);
  EXPECT_EQ(retry.DelayMs(1), 1);
  EXPECT_EQ(retry.DelayMs(4'000'000'000), 1'000'000);
  EXPECT_TRUE(retry.failure().ok());
  EXPECT_FALSE(Retry::ExponentialBackoff(1, 10, 9, 2).failure().ok());
  EXPECT_FALSE(Retry::ExponentialBackoff(1, 10, 20, 0.5).failure().ok());
  EXPECT_FALSE(Retry::FixedDelay(1, -1).failure().ok());
}

TEST_F(AsyncWait, WhatIsUnderWayIsStateAndIsAskedForAgain) {
  Start(Mode::kOrdered, 0, 3);
  ASSERT_TRUE(Step({1, 2, 3, 4, 5}).ok());
  service_->Answer(1);
  service_->Answer(3);
  EXPECT_EQ(Out(), "r1");
  auto snapshot = chain_->SnapshotOperatorState(1);
  ASSERT_TRUE(snapshot.ok()) << snapshot.status().ToString();
  ASSERT_EQ(snapshot->size(), 1u);
  EXPECT_EQ((*snapshot)[0].states.at(0).items.size(), 4u);  // 3 is not passed on yet
  service_->Answer(2);
  EXPECT_EQ(Out(), "r2 r3");

  service_->calls.clear();
  context_.is_canceled = false;
  Start(Mode::kOrdered, 0, 3, Retry::Never(), *snapshot);
  ASSERT_EQ(service_->calls.size(), 3u);
  EXPECT_TRUE(chain_->HoldsInput());
  for (const Number number : {2, 3, 4}) service_->Answer(number);
  EXPECT_EQ(Out(), "r2 r3 r4");
  EXPECT_FALSE(chain_->HoldsInput());
  service_->Answer(5);
  EXPECT_EQ(Out(), "r5");
  EXPECT_EQ(context_.outputs[0][0]->written.size(), 0u);
}

TEST_F(AsyncWait, WrongArgumentsAreReportedAtSubmission) {
  const auto message = [this](const auto& build) {
    StreamExecutionEnvironment env(inputs_);
    build(DataStream<Number>(env.FromSequence(1, 2)));
    return std::string(env.Compile().status().message());
  };
  const Ask ask{service_};
  EXPECT_NE(message([&](auto stream) {
              AsyncDataStream::OrderedWait(stream, ask, 1);
            }).find("it keeps state and has no uid"),
            std::string::npos);
  EXPECT_NE(message([&](auto stream) {
              AsyncDataStream::OrderedWait(stream, ask, 1, 0).Uid("a");
            }).find("the capacity is 0"),
            std::string::npos);
  EXPECT_NE(message([&](auto stream) {
              AsyncDataStream::UnorderedWait(stream, ask, -5).Uid("a");
            }).find("Async Wait Unordered: the timeout is -5 ms"),
            std::string::npos);
  EXPECT_NE(message([&](auto stream) {
              AsyncDataStream::UnorderedWaitWithRetry(stream, ask, 5, 1, Retry::FixedDelay(1, -1))
                  .Uid("a");
            }).find("AsyncRetryStrategy"),
            std::string::npos);
}

}  // namespace
}  // namespace weir
