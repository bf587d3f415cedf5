// Operators on keyed streams, run as whole jobs at several parallelisms.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/job_runner.h"

namespace weir {
namespace {

using testing::Collected;
using testing::CollectingSink;

struct Sale {
  std::string shop;
  std::int64_t item = 0;
  std::int64_t amount = 0;
  bool operator==(const Sale&) const = default;
};

// Equal to others that are written in another case, which its author forgot in the bytes.
struct Customer {
  std::string name;
  static std::string Lower(std::string text) {
    for (char& character : text) character = static_cast<char>(character | 0x20);
    return text;
  }
  bool operator==(const Customer& other) const { return Lower(name) == Lower(other.name); }
};

}  // namespace

template <>
struct StableHasher<Customer> {
  static std::uint64_t Hash(const Customer& key) {
    return StableHasher<std::string>::Hash(Customer::Lower(key.name));
  }
};

namespace {

struct ShopTotal {
  std::string shop;
  std::int64_t total = 0;
  std::int64_t sales = 0;
};

std::vector<Sale> Sales(int count) {
  std::vector<Sale> sales;
  for (int i = 0; i < count; ++i) {
    // Some names are longer than what a string holds in itself.
    const int shop = i * 7 % 41;
    sales.push_back(
        {std::string(shop % 3 == 0 ? 40 : 1, 's') + std::to_string(shop), i * 13 % 97 - 48, i});
  }
  return sales;
}

struct TotalOfShop {
  struct Sum {
    std::int64_t total = 0;
    std::int64_t sales = 0;
  };
  Sum CreateAccumulator() const { return {}; }
  void Add(const Sale& sale, Sum& sum) const {
    sum.total += sale.amount;
    ++sum.sales;
  }
  ShopTotal GetResult(const std::string& shop, const Sum& sum) const {
    return {shop, sum.total, sum.sales};
  }
};

// Says for each sale the one before it of the same item.
struct PreviousSale {
  ValueState<Sale> previous{"previous"};
  ValueState<std::int64_t> count{"count"};
  auto States() { return std::tie(previous, count); }
  void ProcessElement(const Sale& sale, KeyedProcessContext<std::int64_t>& context,
                      Collector<std::string>& out) {
    const std::int64_t n = count.ValueOr(context, 0) + 1;
    const Sale* before = previous.Find(context);
    out.Collect(std::to_string(context.key()) + ": " + std::to_string(n) + " " +
                (before == nullptr ? "-" : before->shop) + " " + sale.shop);
    count.Update(context, n);
    if (n % 5 == 0) {
      EXPECT_TRUE(previous.Clear(context));
      EXPECT_FALSE(previous.Clear(context));
      EXPECT_EQ(previous.Find(context), nullptr);
    } else {
      previous.Update(context, sale);
    }
    ++count.Mutable(context);
    --count.Mutable(context);
  }
};

// Runs what `build` makes of the sales behind a keyBy in which `sources` subtasks send to
// `parallelism`.
template <class U, class Build>
std::vector<U> RunKeyed(std::uint32_t sources, std::uint32_t parallelism,
                        const std::vector<Sale>& sales, Build build) {
  auto collected = std::make_shared<Collected<U>>();
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  auto source = env.FromData(sales).Map([](const Sale& sale) { return sale; });
  source.SetParallelism(sources);
  auto stream = build(DataStream<Sale>(source));
  stream.SetParallelism(parallelism);
  stream.SinkTo(CollectingSink<U>(collected)).SetParallelism(1);
  auto job = env.Compile();
  EXPECT_TRUE(job.ok()) << job.status().ToString();
  if (!job.ok()) return {};
  testing::JobRunner runner(**job, sources * 100 + parallelism, 64);
  const Status status = runner.Run();
  EXPECT_TRUE(status.ok()) << status.ToString();
  return collected->records;
}

class KeyedOperators : public ::testing::TestWithParam<std::pair<std::uint32_t, std::uint32_t>> {
 protected:
  std::uint32_t sources() const { return GetParam().first; }
  std::uint32_t parallelism() const { return GetParam().second; }
};
// For what depends on the order of a key's records: one source, so that it is given.
class RollingAggregates : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  std::uint32_t parallelism() const { return GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(Parallelism, KeyedOperators,
                         ::testing::Values(std::pair(1, 1), std::pair(1, 2), std::pair(2, 1),
                                           std::pair(1, 3), std::pair(2, 3), std::pair(3, 2)));
INSTANTIATE_TEST_SUITE_P(Parallelism, RollingAggregates, ::testing::Values(1, 2, 3));

const auto kShop = [](const Sale& sale) -> const std::string& { return sale.shop; };
const auto kItem = [](const Sale& sale) { return sale.item; };

TEST_P(KeyedOperators, AggregateGivesTheResultSoFarForEachRecord) {
  const std::vector<Sale> sales = Sales(3000);
  std::map<std::string, std::int64_t> totals;
  std::map<std::string, std::int64_t> counts;
  for (const Sale& sale : sales) {
    totals[sale.shop] += sale.amount;
    ++counts[sale.shop];
  }
  const auto results =
      RunKeyed<ShopTotal>(sources(), parallelism(), sales, [](const DataStream<Sale>& stream) {
        return stream.KeyBy(kShop).Aggregate(TotalOfShop()).Uid("total");
      });
  ASSERT_EQ(results.size(), sales.size());
  std::map<std::string, std::int64_t> seen;
  for (const ShopTotal& result : results) {
    EXPECT_EQ(result.sales, ++seen[result.shop]);
    if (result.sales == counts[result.shop]) {
      EXPECT_EQ(result.total, totals[result.shop]);
    }
  }
  EXPECT_EQ(seen, counts);
}

TEST_P(KeyedOperators, ReduceGivesTheReducedValueForEachRecord) {
  const std::vector<Sale> sales = Sales(3000);
  std::map<std::string, std::vector<std::int64_t>> expected;
  std::map<std::string, std::int64_t> totals;
  for (const Sale& sale : sales) {
    totals[sale.shop] += sale.amount;
    expected[sale.shop].push_back(totals[sale.shop]);
  }
  const auto check = [&](const std::vector<Sale>& results) {
    std::map<std::string, std::vector<std::int64_t>> seen;
    for (const Sale& result : results) seen[result.shop].push_back(result.amount);
    for (auto& [shop, amounts] : expected) {
      ASSERT_EQ(seen[shop].size(), amounts.size());
      EXPECT_EQ(seen[shop].back(), amounts.back());
      if (sources() == 1) {
        EXPECT_EQ(seen[shop], amounts);
      }
    }
  };
  check(RunKeyed<Sale>(sources(), parallelism(), sales, [](const DataStream<Sale>& stream) {
    return stream.KeyBy(kShop)
        .Reduce([](const Sale& reduced, const Sale& sale) {
          return Sale{reduced.shop, reduced.item, reduced.amount + sale.amount};
        })
        .Uid("total");
  }));
  check(RunKeyed<Sale>(sources(), parallelism(), sales, [](const DataStream<Sale>& stream) {
    return stream.KeyBy(kShop)
        .Reduce([](Sale& reduced, const Sale& sale) { reduced.amount += sale.amount; })
        .Uid("total");
  }));
}

// What each record of a key gives when `roll(so far, record)` changes the first one.
template <class Roll>
std::map<std::string, std::vector<Sale>> Rolled(const std::vector<Sale>& sales, Roll roll) {
  std::map<std::string, std::vector<Sale>> expected;
  for (const Sale& sale : sales) {
    auto& results = expected[sale.shop];
    Sale next = results.empty() ? sale : results.back();
    if (!results.empty()) roll(next, sale);
    results.push_back(next);
  }
  return expected;
}

TEST_P(RollingAggregates, SumMinMaxMinByMaxByRoll) {
  const std::vector<Sale> sales = Sales(2000);
  const auto check = [&](auto roll, auto build) {
    const auto expected = Rolled(sales, roll);
    std::map<std::string, std::vector<Sale>> seen;
    for (const Sale& result : RunKeyed<Sale>(1, parallelism(), sales, build)) {
      seen[result.shop].push_back(result);
    }
    EXPECT_TRUE(seen == expected);
  };
  using Stream = const DataStream<Sale>&;
  check([](Sale& sum, const Sale& sale) { sum.amount += sale.amount; },
        [](Stream s) { return s.KeyBy(&Sale::shop).Sum(&Sale::amount).Uid("u"); });
  check([](Sale& least, const Sale& sale) { least.item = std::min(least.item, sale.item); },
        [](Stream s) {
          const auto item = [](auto& sale) -> auto& { return sale.item; };
          return s.KeyBy(kShop).Min(item).Uid("u");
        });
  check([](Sale& most, const Sale& sale) { most.item = std::max(most.item, sale.item); },
        [](Stream s) { return s.KeyBy(kShop).Max(&Sale::item).Uid("u"); });
  // Few different values, so that there are ties: the first one stays.
  const auto rest = [](const Sale& sale) { return sale.item % 3; };
  check(
      [&](Sale& least, const Sale& sale) {
        if (rest(sale) < rest(least)) least = sale;
      },
      [&](Stream s) { return s.KeyBy(kShop).MinBy(rest).Uid("u"); });
  check(
      [&](Sale& most, const Sale& sale) {
        if (rest(sale) > rest(most)) most = sale;
      },
      [&](Stream s) { return s.KeyBy(kShop).MaxBy(rest).Uid("u"); });
}

TEST(KeyedSum, WrapsAroundAndTakesPlainNumbers) {
  const auto sums = [](auto number) {
    using Number = decltype(number);
    internal::RollingSum<std::identity> sum;
    Number reduced = std::numeric_limits<Number>::max();
    sum(reduced, Number{1});
    return reduced == std::numeric_limits<Number>::min();
  };
  EXPECT_TRUE(sums(std::int8_t{}));
  EXPECT_TRUE(sums(std::uint16_t{}));
  EXPECT_TRUE(sums(int{}));
  EXPECT_TRUE(sums(std::int64_t{}));
  internal::RollingSum<std::identity> sum;
  double reduced = 0.5;
  sum(reduced, 1.25);
  EXPECT_EQ(reduced, 1.75);
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  env.FromSequence(1, 3).KeyBy([](std::int64_t i) { return i % 2; }).Sum().Uid("sum");
  EXPECT_TRUE(env.Compile().ok());
}

TEST_P(KeyedOperators, ProcessKeepsValuesForEachKey) {
  const std::vector<Sale> sales = Sales(3000);
  std::map<std::int64_t, std::vector<std::string>> expected;
  std::map<std::int64_t, std::string> previous;
  for (const Sale& sale : sales) {
    auto& lines = expected[sale.item];
    const auto before = previous.find(sale.item);
    lines.push_back(std::to_string(sale.item) + ": " + std::to_string(lines.size() + 1) + " " +
                    (before == previous.end() ? "-" : before->second) + " " + sale.shop);
    previous[sale.item] = sale.shop;
    if (lines.size() % 5 == 0) previous.erase(sale.item);
  }
  const auto results =
      RunKeyed<std::string>(sources(), parallelism(), sales, [](const DataStream<Sale>& stream) {
        return stream.KeyBy(kItem).Process(PreviousSale()).Uid("previous");
      });
  ASSERT_EQ(results.size(), sales.size());
  std::map<std::int64_t, std::vector<std::string>> seen;
  for (const std::string& line : results) seen[std::stoll(line)].push_back(line);
  if (sources() == 1) {
    EXPECT_EQ(seen, expected);
  }
  for (auto& [item, lines] : seen) EXPECT_EQ(lines.size(), expected[item].size()) << item;
}

// Hashes of the keyBy before it travel with the block: they must not be taken for its own.
TEST_P(KeyedOperators, TwoKeyBysInARow) {
  const std::vector<Sale> sales = Sales(2000);
  std::map<std::int64_t, std::int64_t> counts;
  for (const Sale& sale : sales) ++counts[sale.item];
  const auto results =
      RunKeyed<Sale>(sources(), parallelism(), sales, [this](const DataStream<Sale>& stream) {
        auto first = stream.KeyBy(kShop).Filter([](const Sale&) { return true; });
        first.SetParallelism(parallelism());
        return first.KeyBy(kItem)
            .Reduce([](Sale& reduced, const Sale&) {
              if (reduced.amount >= 0) reduced.amount = -1;
              --reduced.amount;
            })
            .Uid("count");
      });
  ASSERT_EQ(results.size(), sales.size());
  std::map<std::int64_t, std::int64_t> last;
  for (const Sale& result : results) {
    last[result.item] = result.amount < 0 ? -result.amount : 1;
  }
  EXPECT_EQ(last, counts);
}

TEST(KeyedOperator, AFunctionWithoutStateNeedsNoUid) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  env.FromSequence(1, 3)
      .KeyBy([](const std::int64_t& i) { return i; })
      .Process([](const std::int64_t& i, KeyedProcessContext<std::int64_t>& context,
                  Collector<std::int64_t>& out) { out.Collect(i + context.key()); });
  EXPECT_TRUE(env.Compile().ok());
}

struct TwiceTheSameName : PreviousSale {
  ValueState<int> other{"count"};
  auto States() { return std::tie(previous, count, other); }
};

TEST(KeyedOperator, StateWithoutUidOrWithAnotherStatesNameIsRefused) {
  using Build = std::function<void(const DataStream<Sale>&)>;
  const auto add = [](Sale& reduced, const Sale& sale) { reduced.amount += sale.amount; };
  const std::pair<Build, std::string> cases[] = {
      {[&](const DataStream<Sale>& s) { s.KeyBy(kShop).Reduce(add).Name("sum"); },
       "operator 'sum': it keeps state and has no uid"},
      {[](const DataStream<Sale>& s) { s.KeyBy(kShop).Aggregate(TotalOfShop()); },
       "operator 'Keyed Aggregate': it keeps state and has no uid"},
      {[](const DataStream<Sale>& s) { s.KeyBy(kItem).Process(PreviousSale()); },
       "operator 'Keyed Process': it keeps state and has no uid"},
      {[](const DataStream<Sale>& s) { s.KeyBy(kItem).Process(TwiceTheSameName()).Uid("u"); },
       "operator 'Keyed Process' (uid 'u'): two of its states have the name 'count'"},
  };
  for (const auto& [build, message] : cases) {
    internal::JobInputs inputs;
    StreamExecutionEnvironment env(inputs);
    build(env.FromData(Sales(1)));
    auto job = env.Compile();
    ASSERT_FALSE(job.ok());
    EXPECT_NE(job.status().message().find(message), std::string::npos) << job.status().ToString();
  }
}

struct CountOfCustomer {
  ValueState<std::int64_t> count{"count"};
  auto States() { return std::tie(count); }
  void ProcessElement(const std::string& name, KeyedProcessContext<Customer>& context,
                      Collector<std::string>& out) {
    out.Collect(name + " " + std::to_string(++count.Mutable(context)));
  }
};

TEST(KeyedOperator, EqualKeysThatAreNotWrittenAlikeAreFoundInDebugBuilds) {
  const auto run = [](const std::vector<std::string>& names, std::vector<std::string>& results) {
    auto collected = std::make_shared<Collected<std::string>>();
    internal::JobInputs inputs;
    StreamExecutionEnvironment env(inputs);
    env.FromData(names)
        .KeyBy([](const std::string& name) { return Customer{name}; })
        .Process(CountOfCustomer())
        .Uid("counts")
        .SinkTo(CollectingSink<std::string>(collected));
    auto job = env.Compile();
    EXPECT_TRUE(job.ok()) << job.status().ToString();
    const Status status = testing::JobRunner(**job, 1, 64).Run();
    results = collected->records;
    return status;
  };
  std::vector<std::string> results;
  ASSERT_TRUE(run({"ann", "bob", "ann"}, results).ok());
  EXPECT_EQ(results, (std::vector<std::string>{"ann 1", "bob 1", "ann 2"}));
  const Status status = run({"ann", "bob", "Ann"}, results);
  if (!internal::kChecksKeyBytes) {
    EXPECT_TRUE(status.ok()) << status.ToString();
    return;
  }
  EXPECT_EQ(status.domain(), ErrorDomain::kUser);
  for (const char* part : {"Customer", "are equal and are written as different bytes",
                           "03000000616e6e and 03000000416e6e"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status.ToString();
  }
}

TEST(KeyedOperator, WhatItsAuthorCannotGetWrongIsNotLookedAt) {
  using internal::KeyBytesMayDiffer;
  static_assert(!KeyBytesMayDiffer<std::int64_t>());
  static_assert(!KeyBytesMayDiffer<std::pair<std::string, std::vector<double>>>());
  static_assert(KeyBytesMayDiffer<std::pair<std::string, Customer>>());
  internal::KeyBytesCheck<double> zeros;
  EXPECT_TRUE(zeros.Check(0, 0.0).ok());
  EXPECT_TRUE(zeros.Check(0, -0.0).ok()) << "a store writes them alike";
  internal::KeyBytesCheck<Customer> customers;
  EXPECT_TRUE(customers.Check(5, {"ann"}).ok());
  EXPECT_TRUE(customers.Check(5, {"bob"}).ok()) << "of the same hash, but another";
  EXPECT_TRUE(customers.Check(5, {"bob"}).ok());
  EXPECT_FALSE(customers.Check(5, {"BOB"}).ok());
}

}  // namespace
}  // namespace weir
