// Random programs against a naive implementation over vectors.
#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/job_runner.h"

namespace weir {
namespace {

struct Item {
  std::int64_t number = 0;
  std::string text;
  auto operator<=>(const Item&) const = default;
};
using Items = std::vector<Item>;
using Stream = DataStream<Item>;
using Random = std::mt19937_64;

Item Mapped(const Item& item) {
  return {item.number * 3 + 1, item.text + "m"};
}
void UpdateItem(Item& item) {
  item.number ^= 5;
}
bool Kept(const Item& item) {
  return item.number % 3 != 0;
}
void Doubled(const Item& item, Collector<Item>& out) {
  for (std::int64_t i = 0; i < (item.number & 3); ++i) out.Collect({item.number + i, item.text});
}

// Adds one operator to the stream and does the same to the expected records.
void AddOperator(Random& random, Stream& stream, Items& expected) {
  const auto options = [&random](auto added) {
    if (random() % 3 == 0) added.SetParallelism(1 + random() % 4);
    if (random() % 4 == 0) added.DisableChaining();
    return added;
  };
  Items next;
  switch (random() % 6) {
    case 0:
      stream = options(stream.Map(&Mapped));
      for (const Item& item : expected) next.push_back(Mapped(item));
      break;
    case 1:
      stream = options(stream.Update(&UpdateItem));
      next = expected;
      for (Item& item : next) UpdateItem(item);
      break;
    case 2:
      stream = options(stream.Filter(&Kept));
      std::copy_if(expected.begin(), expected.end(), std::back_inserter(next), Kept);
      break;
    case 3:
      stream = options(stream.FlatMap(&Doubled));
      for (const Item& item : expected) {
        for (std::int64_t i = 0; i < (item.number & 3); ++i) {
          next.push_back({item.number + i, item.text});
        }
      }
      break;
    case 4:
      stream = options(stream.MapInto<Item>([](const Item& in, Item& out) {
        out.number = -in.number;
        out.text.assign(in.text);
      }));
      for (const Item& item : expected) next.push_back({-item.number, item.text});
      break;
    case 5:
      stream = options(stream.Process([](const Item& in, ProcessContext&, Collector<Item>& out) {
        out.Collect(in);
        if (in.number % 5 == 0) out.Next() = {0, "five"};
      }));
      for (const Item& item : expected) {
        next.push_back(item);
        if (item.number % 5 == 0) next.push_back({0, "five"});
      }
      break;
  }
  expected = std::move(next);
}

Stream Distributed(Random& random, const Stream& stream) {
  switch (random() % 8) {
    case 0:
      return stream.Rebalance();
    case 1:
      return stream.Rescale();
    case 2:
      return stream.Shuffle();
    case 3:
      return stream.Global();
    case 4:
      return stream.KeyBy([](const Item& item) { return item.number; });
    case 5:
      return stream.KeyBy([](const Item& item) -> const std::string& { return item.text; });
    case 6:
      return stream.PartitionCustom([](const Item& item, std::uint32_t partitions) {
        return static_cast<std::uint64_t>(item.number) % partitions;
      });
    default:
      return stream;
  }
}

struct Branch {
  Stream stream;
  Items expected;
};

Branch MakeSource(Random& random, StreamExecutionEnvironment& env) {
  const auto count = static_cast<std::int64_t>(random() % 3000);
  if (random() % 2 == 0) {
    Items items;
    for (std::int64_t i = 0; i < count; ++i) items.push_back({i, std::string(random() % 40, 't')});
    return {env.FromData(items), items};
  }
  const auto make = [](const std::int64_t& i) { return Item{i, std::to_string(i % 17)}; };
  Items expected;
  for (std::int64_t i = 1; i <= count; ++i) expected.push_back(make(i));
  return {env.FromSequence(1, count).SetParallelism(1 + random() % 3).Map(make), expected};
}

void Join(Random& random, Branch& branch, Branch other) {
  if (random() % 2 == 0) {
    branch.stream = branch.stream.Union(other.stream);
    branch.expected.insert(branch.expected.end(), other.expected.begin(), other.expected.end());
    return;
  }
  branch.stream =
      branch.stream.Connect(other.stream).Map([](const Item& item) { return item; }, &Mapped);
  for (const Item& item : other.expected) branch.expected.push_back(Mapped(item));
}

void RunRandomProgram(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  internal::JobInputs inputs;
  inputs.default_parallelism = 1 + random() % 3;
  StreamExecutionEnvironment env(inputs);
  std::vector<Branch> branches = {MakeSource(random, env)};
  const std::size_t steps = 1 + random() % 8;
  for (std::size_t i = 0; i < steps; ++i) {
    const std::size_t chosen = random() % branches.size();
    if (random() % 6 == 0) branches.push_back(branches[chosen]);  // a second consumer
    if (random() % 6 == 0) Join(random, branches[chosen], MakeSource(random, env));
    branches[chosen].stream = Distributed(random, branches[chosen].stream);
    AddOperator(random, branches[chosen].stream, branches[chosen].expected);
  }
  std::vector<std::shared_ptr<testing::Collected<Item>>> results;
  for (Branch& branch : branches) {
    auto result = results.emplace_back(std::make_shared<testing::Collected<Item>>());
    if (random() % 2 == 0) result->accept_in_a_row = 1 + random() % 500;
    result->flushes_needed = random() % 3;
    branch.stream.SinkTo(testing::CollectingSink<Item>(result));
  }
  auto job = env.Compile();
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  const std::uint32_t capacity = random() % 2 == 0 ? 1024 : 16 + random() % 200;
  const Status status = testing::JobRunner(**job, seed, capacity).Run();
  ASSERT_TRUE(status.ok()) << status.ToString();
  for (std::size_t i = 0; i < branches.size(); ++i) {
    Items got = results[i]->records;
    std::sort(got.begin(), got.end());
    std::sort(branches[i].expected.begin(), branches[i].expected.end());
    ASSERT_EQ(got.size(), branches[i].expected.size()) << "branch " << i;
    ASSERT_TRUE(got == branches[i].expected) << "branch " << i;
  }
}

TEST(RandomStreams, GiveWhatTheNaiveImplementationGives) {
  const char* given = std::getenv("WEIR_TEST_SEED");
  if (given != nullptr) {
    RunRandomProgram(std::strtoull(given, nullptr, 10));
    return;
  }
  const std::uint64_t first = std::random_device()();
  for (std::uint64_t i = 0; i < 150 && !HasFailure(); ++i) RunRandomProgram(first + i);
}

// One subtask everywhere: order is kept through chains and channels.
TEST(RandomStreams, OrderIsKeptAlongOneChannel) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  auto result = std::make_shared<testing::Collected<std::int64_t>>();
  result->accept_in_a_row = 7;
  env.FromSequence(1, 5000)
      .Rebalance()
      .Map([](const std::int64_t& i) { return i * 2; })
      .KeyBy([](const std::int64_t& i) { return i % 3; })
      .Filter([](const std::int64_t& i) { return i % 4 == 0; })
      .SinkTo(testing::CollectingSink<std::int64_t>(result));
  auto job = env.Compile();
  ASSERT_TRUE(job.ok());
  ASSERT_TRUE(testing::JobRunner(**job, 3, 64).Run().ok());
  ASSERT_EQ(result->records.size(), 2500u);
  EXPECT_TRUE(std::is_sorted(result->records.begin(), result->records.end()));
}

// A key is always seen by the same subtask, wherever its records come from.
TEST(RandomStreams, AKeyStaysOnItsSubtask) {
  internal::JobInputs inputs;
  inputs.default_parallelism = 4;
  StreamExecutionEnvironment env(inputs);
  auto result = std::make_shared<testing::Collected<std::int64_t>>();
  env.FromSequence(1, 4000)
      .Map([](const std::int64_t& i) { return i % 50; })
      .KeyBy([](const std::int64_t& key) { return key; })
      .SinkTo(testing::CollectingSink<std::int64_t>(result));
  auto job = env.Compile();
  ASSERT_TRUE(job.ok());
  ASSERT_TRUE(testing::JobRunner(**job, 5).Run().ok());
  ASSERT_EQ(result->records.size(), 4000u);
  for (std::size_t i = 0; i < result->records.size(); ++i) {
    EXPECT_EQ(result->subtasks[i],
              SubtaskOf(KeyGroupOf(StableHash(result->records[i]), 128), 4, 128));
  }
}

}  // namespace
}  // namespace weir
