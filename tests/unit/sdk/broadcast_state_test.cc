// Broadcast state: beside plain and keyed streams, in snapshots, and its wrong uses.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/job_runner.h"

namespace weir {
namespace {

using Number = std::int64_t;
using Names = std::vector<std::string>;

struct Rule {
  std::string kind;
  Number limit = 0;
};
struct Event {
  std::string kind;
  Number user = 0;
  Number value = 0;
};

const MapStateDescriptor<std::string, Rule> kRules{"rules"};
const MapStateDescriptor<Number, Number> kCounts{"counts"};
const OutputTag<std::string> kNoRule{"no-rule"};

// Events above the limit of their kind.
struct Match {
  void ProcessElement(const Event& event, ReadOnlyBroadcastContext& context,
                      Collector<std::string>& out) {
    const Rule* rule = context.GetBroadcastState(kRules).Find(event.kind);
    if (rule == nullptr) {
      context.Output(kNoRule, event.kind);
    } else if (event.value > rule->limit) {
      out.Collect(event.kind + std::to_string(event.value) + "@" +
                  std::to_string(context.timestamp_ms()) + "/" +
                  std::to_string(context.current_watermark_ms()));
    }
  }
  void ProcessBroadcastElement(const Rule& rule, BroadcastContext& context,
                               Collector<std::string>& out) {
    auto& rules = context.GetBroadcastState(kRules);
    if (rule.limit < 0) {
      out.Collect(rules.Remove(rule.kind) ? "removed" : "nothing to remove");
    } else {
      rules.Put(rule.kind, rule);
      ++context.GetBroadcastState(kCounts).Mutable(0);
    }
  }
};

template <class F>
class ChainOf : public ::testing::Test {
 protected:
  template <class Keyed>
  void Start(Keyed keyed, std::vector<internal::ChainedOperatorState> restored = {}) {
    StreamExecutionEnvironment env(inputs_);
    auto events = env.FromData(std::vector<Event>());
    auto rules = env.FromData(std::vector<Rule>());
    auto out = keyed(events).Connect(rules.Broadcast(kRules, kCounts)).Process(F()).Uid("match");
    out.Rebalance().SinkTo(testing::CollectingSink<std::string>(nullptr));
    out.GetSideOutput(kNoRule).Rebalance().SinkTo(testing::CollectingSink<std::string>(nullptr));
    auto job = env.Compile();
    ASSERT_TRUE(job.ok()) << job.status().ToString();
    job_ = *std::move(job);
    chain_ = job_->CreateChain(2, context_);
    if (!restored.empty()) chain_->RestoreOperatorState(std::move(restored));
    ASSERT_TRUE(chain_->Open().ok());
  }
  Status Events(const std::vector<Event>& events) {
    return chain_->OnBatch(0, *testing::MakeBatch(events));
  }
  Status Rules(const std::vector<Rule>& rules) {
    return chain_->OnBatch(1, *testing::MakeBatch(rules));
  }
  Names Out(std::uint32_t output = 0) {
    chain_->Flush();
    auto& channel = *context_.outputs[output][0];
    Names records = testing::RecordsOf<std::string>(channel);
    channel.written.clear();
    return records;
  }

  internal::JobInputs inputs_;
  std::unique_ptr<internal::CompiledJob> job_;
  testing::FakeChainContext context_{{1, 1}};
  std::unique_ptr<internal::Chain> chain_;
};

using BroadcastState = ChainOf<Match>;
const auto kPlain = [](const auto& events) { return DataStream<Event>(events); };

TEST_F(BroadcastState, IsReadBesideARecordAndWrittenByTheBroadcastStream) {
  Start(kPlain);
  ASSERT_TRUE(Events({{"a", 1, 5}}).ok());
  EXPECT_EQ(Out(), Names());
  EXPECT_EQ(Out(1), Names{"a"});
  ASSERT_TRUE(Rules({{"a", 3}, {"b", 10}}).ok());
  ASSERT_TRUE(chain_->OnWatermark(0, {7}).ok());
  ASSERT_TRUE(chain_->OnWatermark(1, {6}).ok());
  ASSERT_TRUE(Events({{"a", 1, 5}, {"a", 1, 3}, {"b", 1, 11}, {"c", 1, 1}}).ok());
  EXPECT_EQ(Out(), (Names{"a5@0/6", "b11@2/6"}));
  EXPECT_EQ(Out(1), Names{"c"});
  ASSERT_TRUE(Rules({{"a", -1}, {"a", -1}, {"b", 100}}).ok());
  EXPECT_EQ(Out(), (Names{"removed", "nothing to remove"}));
  ASSERT_TRUE(Events({{"a", 1, 5}, {"b", 1, 11}}).ok());
  EXPECT_EQ(Out(), Names());
}

TEST_F(BroadcastState, IsRestoredAlikeInAllSubtasks) {
  Start(kPlain);
  ASSERT_TRUE(Rules({{"a", 3}, {"b", 10}}).ok());
  auto snapshot = chain_->SnapshotOperatorState(1);
  ASSERT_TRUE(snapshot.ok());
  ASSERT_EQ(snapshot->size(), 1u);
  auto divided = internal::RedistributeOperatorState({(*snapshot)[0].states}, 3);
  ASSERT_TRUE(divided.ok());
  for (const auto& states : *divided) {
    Start(kPlain, {{0, states}});
    ASSERT_TRUE(Events({{"a", 1, 5}, {"b", 1, 11}}).ok());
    EXPECT_EQ(Out(), (Names{"a5@0/-9223372036854775808", "b11@1/-9223372036854775808"}));
  }
  (*snapshot)[0].states[0].items[0].pop_back();
  Start(kPlain);
  auto chain = job_->CreateChain(2, context_);
  chain->RestoreOperatorState({{0, (*snapshot)[0].states}});
  EXPECT_NE(chain->Open().message().find("broadcast state 'rules'"), std::string::npos);
}

// Counts the events of each user, up to a limit that is broadcast; a rule of limit 0 forgets all.
struct CountUsers {
  ValueState<Number> count{"count"};
  MapState<Number, Number> values{"values"};
  auto States() { return std::tie(count, values); }
  void ProcessElement(const Event& event, KeyedReadOnlyBroadcastContext<Number>& context,
                      Collector<std::string>& out) {
    const Rule* rule = context.GetBroadcastState(kRules).Find(event.kind);
    const Number now = ++count.Mutable(context);
    values.Put(context, event.value, now);
    values.Put(context, event.value + 1, now);
    if (rule != nullptr && now > rule->limit) {
      out.Collect(std::to_string(context.key()) + " has " + std::to_string(now));
      context.TimerService().RegisterEventTimeTimer(100);
    }
  }
  void ProcessBroadcastElement(const Rule& rule, KeyedBroadcastContext<Number>& context,
                               Collector<std::string>& out) {
    context.GetBroadcastState(kRules).Put(rule.kind, rule);
    if (rule.limit > 0) return;
    std::map<Number, Number> counts;  // in the order of the keys
    context.ApplyToKeyedState(values, [&](KeyedProcessContext<Number>& key) {
      counts[key.key()] = count.ValueOr(key, 0);
      count.Clear(key);
      values.Clear(key);
    });
    for (const auto& [key, number] : counts) {
      out.Collect("forget " + std::to_string(number) + " of " + std::to_string(key));
    }
  }
  void OnTimer(std::int64_t timestamp_ms, KeyedBroadcastOnTimerContext<Number>& context,
               Collector<std::string>& out) {
    out.Collect("timer " + std::to_string(timestamp_ms) + " of " + std::to_string(context.key()) +
                " with " + std::to_string(context.GetBroadcastState(kRules).Size()) + " rules");
  }
};

using KeyedBroadcastState = ChainOf<CountUsers>;
const auto kByUser = [](const auto& events) { return events.KeyBy(&Event::user); };

TEST_F(KeyedBroadcastState, IsBesideTheStateAndTimersOfKeys) {
  Start(kByUser);
  ASSERT_TRUE(Rules({{"a", 2}}).ok());
  ASSERT_TRUE(Events({{"a", 1, 0}, {"a", 2, 0}, {"a", 1, 5}, {"a", 1, 9}, {"b", 3, 0}}).ok());
  EXPECT_EQ(Out(), Names{"1 has 3"});
  ASSERT_TRUE(Rules({{"c", 0}}).ok());
  EXPECT_EQ(Out(), (Names{"forget 3 of 1", "forget 1 of 2", "forget 1 of 3"}));
  ASSERT_TRUE(Rules({{"c", 0}}).ok());
  EXPECT_EQ(Out(), Names());
  ASSERT_TRUE(chain_->OnWatermark(0, {100}).ok());
  ASSERT_TRUE(chain_->OnWatermark(1, {99}).ok());
  EXPECT_EQ(Out(), Names());
  ASSERT_TRUE(chain_->OnEndOfInput(1).ok());
  EXPECT_EQ(Out(), Names{"timer 100 of 1 with 2 rules"});
}

TEST(BroadcastStateJobs, EverySubtaskHasAllRules) {
  for (const std::uint32_t parallelism : {1u, 2u, 3u}) {
    std::vector<Rule> rule_list;
    for (int i = 0; i < 50; ++i) rule_list.push_back({"kind" + std::to_string(i), i});
    // Each subtask says how many rules it has had once it has all of them.
    struct CountRules {
      void ProcessElement(const Number&, ReadOnlyBroadcastContext&, Collector<Number>&) {}
      void ProcessBroadcastElement(const Rule& rule, BroadcastContext& context,
                                   Collector<Number>& out) {
        auto& rules = context.GetBroadcastState(kRules);
        rules.Put(rule.kind, rule);
        if (rules.Size() == 50) out.Collect(context.runtime().subtask_index());
      }
    };
    auto collected = std::make_shared<testing::Collected<Number>>();
    internal::JobInputs inputs;
    StreamExecutionEnvironment env(inputs);
    env.FromSequence(1, 100)
        .Connect(env.FromData(rule_list).Broadcast(kRules))
        .Process(CountRules())
        .SetParallelism(parallelism)
        .Uid("rules")
        .SinkTo(testing::CollectingSink<Number>(collected))
        .SetParallelism(1);
    auto job = env.Compile();
    ASSERT_TRUE(job.ok()) << job.status().ToString();
    const Status run = testing::JobRunner(**job, parallelism, 16).Run();
    ASSERT_TRUE(run.ok()) << run.ToString();
    std::sort(collected->records.begin(), collected->records.end());
    std::vector<Number> all;
    for (Number i = 0; i < parallelism; ++i) all.push_back(i);
    EXPECT_EQ(collected->records, all);
  }
}

struct WrongDescriptor {
  void ProcessElement(const Event& event, ReadOnlyBroadcastContext& context,
                      Collector<std::string>&) {
    if (event.value == 0) {
      EXPECT_EQ(context.GetBroadcastState(MapStateDescriptor<Number, Number>("rules")).Size(), 0u);
    } else {
      context.GetBroadcastState(MapStateDescriptor<Number, Number>("unknown"));
    }
  }
  void ProcessBroadcastElement(const Rule&, BroadcastContext&, Collector<std::string>&) {}
};
using WrongBroadcastDescriptor = ChainOf<WrongDescriptor>;

TEST_F(WrongBroadcastDescriptor, FailsTheTask) {
  Start(kPlain);
  EXPECT_NE(Events({{"a", 1, 0}}).message().find("'rules' is asked for with other types"),
            std::string::npos);
  Start(kPlain);
  EXPECT_NE(Events({{"a", 1, 1}}).message().find("'unknown' is not among those"),
            std::string::npos);
}

TEST(BroadcastStateJobs, NeedAUidAndDifferentNames) {
  internal::JobInputs inputs;
  const auto message = [&](const auto& build) {
    StreamExecutionEnvironment env(inputs);
    build(DataStream<Event>(env.FromData(std::vector<Event>())),
          DataStream<Rule>(env.FromData(std::vector<Rule>())));
    return std::string(env.Compile().status().message());
  };
  EXPECT_NE(message([](auto events, auto rules) {
              events.Connect(rules.Broadcast(kRules, kCounts)).Process(Match());
            }).find("it keeps state and has no uid"),
            std::string::npos);
  EXPECT_NE(message([](auto events, auto rules) {
              events.Connect(rules.Broadcast(kRules, MapStateDescriptor<Number, Number>("rules")))
                  .Process(Match())
                  .Uid("match");
            }).find("two of its states have the name 'rules'"),
            std::string::npos);
}

}  // namespace
}  // namespace weir
