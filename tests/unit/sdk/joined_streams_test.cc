// Window joins and coGroups, against an oracle that keeps all records.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/job_runner.h"
#include "tests/unit/test_seed.h"

namespace weir {
namespace {

using Number = std::int64_t;

struct Left {
  Number key = 0;
  Number number = 0;
  Number time_ms = 0;
};
struct Right {
  std::string key;
  Number number = 0;
  Number time_ms = 0;
};
Number KeyOf(const Right& right) {
  return static_cast<Number>(right.key.size());
}

struct Input {
  std::vector<Left> left;
  std::vector<Right> right;
};

Input RandomInput(std::mt19937_64& random) {
  const auto pick = [&](Number last) { return static_cast<Number>(random() % (last + 1)); };
  Input input;
  for (Number n = 0; n < 80; ++n) {
    input.left.push_back({pick(4), n, pick(300)});
    input.right.push_back({std::string(static_cast<std::size_t>(pick(4)), 'x'), n, pick(300)});
  }
  return input;
}

// Runs what `build` makes of both streams. Nothing is late: event time ends with the input.
template <class U, class Build>
std::vector<U> Results(const Input& input, std::uint32_t parallelism, Build build) {
  auto collected = std::make_shared<testing::Collected<U>>();
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  env.SetParallelism(parallelism);
  const auto timed = [&env]<class T>(const std::vector<T>& records) {
    return env.FromData(records).AssignTimestampsAndWatermarks(
        WatermarkStrategy<T>::ForBoundedOutOfOrderness(1000).WithTimestampAssigner(
            [](const T& record, Number) { return record.time_ms; }));
  };
  const DataStream<Left> left = timed(input.left);
  const DataStream<Right> right = timed(input.right);
  build(left, right).Uid("pairs").SinkTo(testing::CollectingSink<U>(collected)).SetParallelism(1);
  auto job = env.Compile();
  EXPECT_TRUE(job.ok()) << job.status().ToString();
  if (!job.ok()) return {};
  const Status run = testing::JobRunner(**job, parallelism, 16).Run();
  EXPECT_TRUE(run.ok()) << run.ToString();
  std::sort(collected->records.begin(), collected->records.end());
  return collected->records;
}

// Starts of the windows of 50 ms, each 20 ms, that hold both times.
std::vector<Number> SlidingWindowsOf(Number time_ms) {
  std::vector<Number> starts;
  for (Number start = time_ms - time_ms % 20; start > time_ms - 50; start -= 20) {
    starts.push_back(start);
  }
  return starts;
}

TEST(WindowJoin, GivesEachPairOfAWindowWhateverTheParallelism) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Input input = RandomInput(random);
  using Pair = std::pair<Number, Number>;
  std::vector<Pair> tumbling;
  std::vector<Pair> sliding;
  for (const Left& left : input.left) {
    for (const Right& right : input.right) {
      if (left.key != KeyOf(right)) continue;
      if (left.time_ms / 50 == right.time_ms / 50) {
        tumbling.emplace_back(left.number, right.number);
      }
      for (const Number start : SlidingWindowsOf(left.time_ms)) {
        if (right.time_ms >= start && right.time_ms < start + 50) {
          sliding.emplace_back(left.number, right.number);
        }
      }
    }
  }
  std::sort(tumbling.begin(), tumbling.end());
  std::sort(sliding.begin(), sliding.end());
  ASSERT_FALSE(tumbling.empty());
  for (const std::uint32_t parallelism : {1u, 2u, 3u, 7u}) {
    EXPECT_EQ(Results<Pair>(input, parallelism,
                            [](const auto& left, const auto& right) {
                              return left.Join(right)
                                  .Where(&Left::key)
                                  .EqualTo(KeyOf)
                                  .Window(TumblingEventTimeWindows::Of(50))
                                  .Apply([](const Left& l, const Right& r) {
                                    return Pair(l.number, r.number);
                                  });
                            }),
              tumbling)
        << parallelism;
  }
  EXPECT_EQ(Results<Pair>(input, 2,
                          [](const auto& left, const auto& right) {
                            return left.Join(right)
                                .Where([](const Left& l) { return l.key; })
                                .EqualTo(KeyOf)
                                .Window(SlidingEventTimeWindows::Of(50, 20))
                                .AllowedLateness(5)
                                .Apply([](const Left& l, const Right& r, Collector<Pair>& out) {
                                  out.Collect(Pair(l.number, r.number));
                                });
                          }),
            sliding);
}

TEST(WindowCoGroup, GivesBothListsOfEachWindowThatHasAny) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Input input = RandomInput(random);
  using Lists = std::pair<std::multiset<Number>, std::multiset<Number>>;
  std::map<std::pair<Number, Number>, Lists> windows;  // by key and start
  for (const Left& left : input.left) {
    windows[{left.key, left.time_ms / 10}].first.insert(left.number);
  }
  for (const Right& right : input.right) {
    windows[{KeyOf(right), right.time_ms / 10}].second.insert(right.number);
  }
  const auto text = [](const auto& left, const auto& right) {
    std::string line;
    for (const Number number : left) line += std::to_string(number) + " ";
    line += "|";
    for (const Number number : right) line += " " + std::to_string(number);
    return line;
  };
  std::vector<std::string> expected;
  for (const auto& [window, lists] : windows) expected.push_back(text(lists.first, lists.second));
  std::sort(expected.begin(), expected.end());
  for (const std::uint32_t parallelism : {1u, 3u}) {
    EXPECT_EQ(Results<std::string>(input, parallelism,
                                   [&](const auto& left, const auto& right) {
                                     return left.CoGroup(right)
                                         .Where(&Left::key)
                                         .EqualTo(KeyOf)
                                         .Window(TumblingEventTimeWindows::Of(10))
                                         .Apply([text](const WindowElements<Left>& lefts,
                                                       const WindowElements<Right>& rights,
                                                       Collector<std::string>& out) {
                                           std::multiset<Number> left_numbers;
                                           std::multiset<Number> right_numbers;
                                           for (const Left& each : lefts)
                                             left_numbers.insert(each.number);
                                           for (const Right& each : rights)
                                             right_numbers.insert(each.number);
                                           out.Collect(text(left_numbers, right_numbers));
                                         });
                                   }),
              expected)
        << parallelism;
  }
}

TEST(WindowJoin, NeedsAUid) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  const DataStream<Left> left = env.FromData(std::vector<Left>());
  left.Join(left)
      .Where(&Left::key)
      .EqualTo(&Left::number)
      .Window(TumblingEventTimeWindows::Of(50))
      .Trigger(CountTrigger::Of(1))
      .Apply([](const Left& l, const Left&) { return l.number; });
  EXPECT_NE(env.Compile().status().message().find("it keeps state and has no uid"),
            std::string::npos);
}

}  // namespace
}  // namespace weir
