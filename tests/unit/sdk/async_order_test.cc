// Async I/O at random: the queue against an oracle, and calls that end on threads of their own.
#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/async_data_stream.h>

#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/job_runner.h"
#include "tests/unit/test_seed.h"

namespace weir {
namespace {

using internal::AsyncElementQueue;
using internal::AsyncOutputMode;
using Number = std::int64_t;

// --- the queue ---

// What came in and went out of a queue: numbers count up, watermarks are negative.
struct QueueHistory {
  std::vector<Number> in;
  std::vector<Number> out;
};

void PassOn(AsyncElementQueue<Number, Number>& queue, QueueHistory& history, bool stop) {
  queue.EmitReady([&](const auto& entry) { history.out.push_back(entry.results.at(0)); },
                  [&](const auto& control) {
                    history.out.push_back(-std::get<internal::Watermark>(control).timestamp_ms);
                    return !stop;
                  });
}

QueueHistory RunQueue(AsyncOutputMode mode, std::mt19937_64& random) {
  const std::uint32_t capacity = 1 + random() % 20;
  AsyncElementQueue<Number, Number> queue(mode, capacity);
  QueueHistory history;
  std::vector<std::uint32_t> incomplete;
  std::uint32_t under_way = 0;
  for (Number n = 1; n <= 200 || !incomplete.empty();) {
    const std::uint32_t act = random() % 10;
    if (n <= 200 && act < 4 && !queue.full()) {
      incomplete.push_back(queue.Add(n, n));
      history.in.push_back(n++);
    } else if (n <= 200 && act == 4) {
      queue.Add(internal::Watermark{n});
      // Of those in a row the last one stays.
      if (!history.in.empty() && history.in.back() < 0) history.in.pop_back();
      if (!history.out.empty() && history.out.back() < 0 && queue.size() == 0) {
        history.in.push_back(history.out.back());
      }
      history.in.push_back(-n++);
    } else if (!incomplete.empty()) {
      const std::size_t at = random() % incomplete.size();
      const std::uint32_t index = incomplete[at];
      incomplete.erase(incomplete.begin() + static_cast<std::ptrdiff_t>(at));
      queue.Complete(index, {queue.entry(index).record});
    }
    if (random() % 3 == 0) PassOn(queue, history, random() % 2 == 0);
    under_way = queue.size();
    EXPECT_LE(under_way, capacity);
    EXPECT_EQ(queue.oldest_incomplete() == queue.kNone, incomplete.empty());
  }
  while (!queue.empty()) PassOn(queue, history, false);
  EXPECT_EQ(queue.size(), 0u);
  return history;
}

std::vector<Number> RecordsIn(const std::vector<Number>& elements) {
  std::vector<Number> records;
  std::copy_if(elements.begin(), elements.end(), std::back_inserter(records),
               [](Number element) { return element > 0; });
  return records;
}

TEST(AsyncElementQueue, KeepsTheOrderThatItsModePromises) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    const QueueHistory ordered = RunQueue(AsyncOutputMode::kOrdered, random);
    ASSERT_EQ(RecordsIn(ordered.out), RecordsIn(ordered.in));
    for (const auto& [in, out] : {ordered, RunQueue(AsyncOutputMode::kUnordered, random)}) {
      std::vector<Number> sorted = RecordsIn(out);
      std::sort(sorted.begin(), sorted.end());
      ASSERT_EQ(sorted, RecordsIn(in));
      // A watermark comes behind all that came before it, and before all else.
      std::set<Number> seen;
      Number last_watermark = 0;
      for (const Number element : out) {
        if (element > 0) {
          ASSERT_GT(element, last_watermark);
          seen.insert(element);
        } else {
          ASSERT_GT(-element, last_watermark);
          last_watermark = -element;
          for (const Number record : RecordsIn(in)) {
            if (record < last_watermark) {
              ASSERT_TRUE(seen.contains(record));
            }
          }
        }
      }
    }
  }
}

// --- threads ---

// Ends calls on two threads, the newest first as often as not.
class Worker {
 public:
  explicit Worker(std::uint64_t seed) : random_(seed) {
    for (auto& thread : threads_) thread = std::thread([this] { Run(); });
  }
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
  }
  void Add(Number number, ResultFuture<Number> result) {
    {
      const std::lock_guard lock(mutex_);
      calls_.emplace_back(number, std::move(result));
    }
    changed_.notify_one();
  }

 private:
  void Run() {
    for (;;) {
      std::vector<std::pair<Number, ResultFuture<Number>>> taken;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopped_ || !calls_.empty(); });
        if (stopped_) return;
        std::shuffle(calls_.begin(), calls_.end(), random_);
        const std::size_t keep = random_() % calls_.size();
        taken.assign(calls_.begin() + static_cast<std::ptrdiff_t>(keep), calls_.end());
        calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(keep), calls_.end());
      }
      for (auto& [number, result] : taken) result.Complete(number * 10);
    }
  }

  std::mutex mutex_;
  std::mt19937_64 random_;
  std::vector<std::pair<Number, ResultFuture<Number>>> calls_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::thread threads_[2];
};

TEST(AsyncWaitThreads, EveryRecordHasItsResultOnceAndInOrderWherePromised) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto worker = std::make_shared<Worker>(seed);
  const auto ask = [worker](const Number& number, ResultFuture<Number> result) {
    if (number % 7 == 0) {
      result.Complete(number * 10);  // knows it already
    } else {
      worker->Add(number, std::move(result));
    }
  };
  for (const std::uint32_t capacity : {1u, 3u, 100u, 5000u}) {
    SCOPED_TRACE(capacity);
    const Number count = capacity < 10 ? 300 : 3000;
    auto ordered = std::make_shared<testing::Collected<Number>>();
    auto unordered = std::make_shared<testing::Collected<Number>>();
    internal::JobInputs inputs;
    StreamExecutionEnvironment env(inputs);
    env.SetParallelism(2);
    DataStream<Number> numbers = env.FromSequence(1, count).SetParallelism(1);
    AsyncDataStream::OrderedWait(numbers, ask, 60'000, capacity)
        .Uid("ordered")
        .SetParallelism(1)
        .SinkTo(testing::CollectingSink<Number>(ordered))
        .SetParallelism(1);
    AsyncDataStream::UnorderedWait(numbers, ask, 60'000, capacity)
        .Uid("unordered")
        .SinkTo(testing::CollectingSink<Number>(unordered));
    auto job = env.Compile();
    ASSERT_TRUE(job.ok()) << job.status().ToString();
    const Status run = testing::JobRunner(**job, seed, 64).Run();
    ASSERT_TRUE(run.ok()) << run.ToString();
    std::vector<Number> expected;
    for (Number number = 1; number <= count; ++number) expected.push_back(number * 10);
    EXPECT_EQ(ordered->records, expected);
    std::sort(unordered->records.begin(), unordered->records.end());
    EXPECT_EQ(unordered->records, expected);
  }
}

}  // namespace
}  // namespace weir
