// Keyed state of a chain that lies in stores.
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/edge_factories.h>
#include <weir/internal/operator_chain.h>
#include <weir/internal/operators/keyed_process_operator.h>
#include <weir/map_state.h>
#include <weir/state.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/state_copy.h"
#include "tests/unit/taskmanager_state/memory_stores.h"
#include "tests/unit/test_seed.h"

namespace weir {
namespace {

using internal::ChainedKeyedTable;
using internal::NoMapKey;
using internal::NoNamespace;
using internal::StoreCacheLimits;
using state::MemoryStores;
using Number = std::int64_t;

// Counts a key's records, by what they are modulo three, and shows what it has.
struct Counting {
  ValueState<Number> count{"count"};
  MapState<Number, std::string> seen{"seen"};
  auto States() { return std::tie(count, seen); }
  void ProcessElement(const Number& record, KeyedProcessContext<Number>& context,
                      Collector<std::string>& out) {
    if (record < 0) throw std::invalid_argument("negative");
    seen.Mutable(context, record % 3) += '+';
    std::string shown =
        std::to_string(context.key()) + ": " + std::to_string(++count.Mutable(context));
    for (Number i = 0; i < 3; ++i) {
      const std::string* const found = seen.Find(context, i);
      shown += found == nullptr ? " -" : " " + *found;
    }
    out.Collect(shown);
  }
  void OnTimer(std::int64_t, OnTimerContext<Number>&, Collector<std::string>&) {}
};
constexpr Number kKeys = 40;
struct KeyOf {
  Number operator()(const Number& record) const { return record % kKeys; }
};
using Operator = internal::KeyedProcessOperator<Number, std::string, Counting, KeyOf>;

struct Factory final : internal::OperatorFactory {
  std::unique_ptr<internal::Operator> Create(const internal::OperatorContext& context,
                                             internal::AnyInput* output) const override {
    return std::make_unique<Operator>(context, Operator::Prototype{Counting(), KeyOf()},
                                      static_cast<internal::Input<std::string>&>(*output));
  }
  std::unique_ptr<internal::AnyInput> CreateFork(std::vector<internal::AnyInput*>) const override {
    return nullptr;
  }
  std::unique_ptr<internal::AnyInput> CreateDiscard() const override {
    return std::make_unique<internal::DiscardingInput<std::string>>();
  }
};

StoreCacheLimits limits_of_next_chain;

// A chain of that operator; its output goes into a channel.
class Counters {
 public:
  explicit Counters(const StoreCacheLimits& limits, ErrorPolicy policy = ErrorPolicy::kFail) {
    limits_of_next_chain = limits;
    context_.make_stores = nullptr;
    if (limits.entries > 0) context_.make_stores = &MakeStores;
    plan_.operators.push_back({"count", "count", std::make_shared<Factory>(), {}, {}, policy});
    plan_.operators[0].consumers = {{false, 0}};
    plan_.outputs.push_back({std::make_shared<internal::DefaultEdge<std::string>>()});
    plan_.input_numbers = {0};
    chain_ = std::make_unique<internal::OperatorChain>(plan_, context_);
  }

  internal::OperatorChain& chain() { return *chain_; }
  MemoryStores& stores() { return static_cast<MemoryStores&>(*context_.keyed_stores(0)); }
  Status Push(const std::vector<Number>& records) {
    return chain_->OnBatch(0, *testing::MakeBatch(records));
  }
  std::vector<std::string> Shown() {
    chain_->Flush();
    std::vector<std::string> shown = testing::RecordsOf<std::string>(*context_.outputs[0][0]);
    context_.outputs[0][0]->written.clear();
    return shown;
  }
  std::uint64_t counts_in_memory() {
    using Cache = internal::StoreCache<Number, NoNamespace, NoMapKey, Number>;
    for (const ChainedKeyedTable& each : chain_->keyed_tables()) {
      if (each.name == "count") return static_cast<Cache*>(each.table)->entries_in_memory();
    }
    return 0;
  }

  void Freeze() {
    for (const ChainedKeyedTable& each : chain_->keyed_tables()) each.table->Freeze();
  }
  using Snapshot = std::map<std::string, testing::KeptSnapshot>;
  // Any thread.
  static void Save(const std::vector<ChainedKeyedTable>& tables, Snapshot& snapshot) {
    for (const ChainedKeyedTable& each : tables) {
      testing::KeptSnapshot& kept = snapshot[each.name];
      for (;;) {
        const Result<bool> more = each.table->SaveNext(kept);
        ASSERT_TRUE(more.ok()) << more.status().ToString();
        if (!*more) break;
      }
    }
    for (const ChainedKeyedTable& each : tables) {
      if (!each.in_store) continue;
      ASSERT_TRUE(snapshot[each.name].pieces.empty());
      ASSERT_TRUE(each.table->Export(snapshot[each.name]).ok());
    }
  }
  void Thaw() {
    for (const ChainedKeyedTable& each : chain_->keyed_tables()) each.table->Thaw();
  }
  void Restore(const Snapshot& snapshot) {
    for (const ChainedKeyedTable& each : chain_->keyed_tables()) {
      for (const auto& [entries, bytes] : snapshot.at(each.name).pieces) {
        ASSERT_TRUE(each.table->Restore(entries, bytes).ok());
      }
    }
  }

 private:
  static std::unique_ptr<internal::KeyedStores> MakeStores() {
    return std::make_unique<MemoryStores>(limits_of_next_chain);
  }

  testing::FakeChainContext context_{{1}, 16};
  internal::ChainPlan plan_;
  std::unique_ptr<internal::OperatorChain> chain_;
};

TEST(StoredState, TimersLieInMemoryAndStatesDoNot) {
  Counters counters({5, 0});
  std::map<std::string, bool> in_store;
  for (const ChainedKeyedTable& each : counters.chain().keyed_tables()) {
    in_store[each.name] = each.in_store;
  }
  EXPECT_EQ(in_store, (std::map<std::string, bool>{{"count", true},
                                                   {"seen", true},
                                                   {"seen/keys", true},
                                                   {"weir.event-time-timers", false},
                                                   {"weir.processing-time-timers", false}}));
}

TEST(StoredState, AChainEvictsBehindEachBatch) {
  Counters counters({5, 0});
  ASSERT_TRUE(counters.chain().Open().ok());
  for (Number from = 0; from < 200; from += 20) {
    std::vector<Number> block;
    for (Number i = from; i < from + 20; ++i) block.push_back(i);
    ASSERT_TRUE(counters.Push(block).ok());
    EXPECT_EQ(counters.counts_in_memory(), 5u);
  }
  EXPECT_EQ(counters.Shown().back(), "39: 5 ++ ++ +");
  ASSERT_TRUE(counters.chain().Close().ok());
}

// Chains of both kinds get the same records and show the same. Now and then one is saved by another
// thread while records come, and what was saved goes on in another chain, of either kind.
TEST(StoredState, ShowsWhatStateInMemoryShowsAndIsSavedAsOfTheBarrier) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  auto stored = std::make_unique<Counters>(StoreCacheLimits{3, 1'000});
  auto in_memory = std::make_unique<Counters>(StoreCacheLimits{});
  ASSERT_TRUE(stored->chain().Open().ok() && in_memory->chain().Open().ok());
  const auto push = [&](int blocks) {
    for (int i = 0; i < blocks; ++i) {
      std::vector<Number> records(1 + random() % 16);
      for (Number& record : records) record = static_cast<Number>(random() % 1'000);
      ASSERT_TRUE(stored->Push(records).ok() && in_memory->Push(records).ok());
      ASSERT_EQ(stored->Shown(), in_memory->Shown());
    }
  };
  for (int round = 0; round < 30; ++round) {
    push(5);
    stored->Freeze();
    Counters::Snapshot snapshot;
    std::thread saver(
        [&, tables = stored->chain().keyed_tables()] { Counters::Save(tables, snapshot); });
    in_memory->Freeze();
    Counters::Snapshot same;
    Counters::Save(in_memory->chain().keyed_tables(), same);
    in_memory->Thaw();
    push(5);
    saver.join();
    stored->Thaw();
    push(2);
    if (HasFatalFailure()) return;
    if (round % 3 > 0) continue;
    ASSERT_TRUE(stored->chain().Close().ok() && in_memory->chain().Close().ok());
    stored = std::make_unique<Counters>(StoreCacheLimits{3, 1'000});
    in_memory = std::make_unique<Counters>(StoreCacheLimits{});
    // What was in memory goes to stores, and the other way round.
    stored->Restore(round % 2 == 0 ? snapshot : same);
    in_memory->Restore(round % 2 == 0 ? same : snapshot);
    ASSERT_TRUE(stored->chain().Open().ok() && in_memory->chain().Open().ok());
  }
  ASSERT_TRUE(stored->chain().Close().ok() && in_memory->chain().Close().ok());
}

TEST(StoredState, AChainSaysWhenItHasToWaitForASnapshot) {
  Counters counters({2, 8});
  ASSERT_TRUE(counters.chain().Open().ok());
  ASSERT_TRUE(counters.Push({0}).ok());
  counters.Freeze();
  ASSERT_TRUE(counters.Push({1, 2}).ok());
  EXPECT_FALSE(counters.chain().AwaitsThaw());
  ASSERT_TRUE(counters.Push({3, 4, 5, 6, 7, 8, 9, 10, 11}).ok());
  EXPECT_TRUE(counters.chain().AwaitsThaw());
  Counters::Snapshot snapshot;
  Counters::Save(counters.chain().keyed_tables(), snapshot);
  EXPECT_TRUE(counters.chain().AwaitsThaw());
  counters.Thaw();
  EXPECT_FALSE(counters.chain().AwaitsThaw());
  ASSERT_TRUE(counters.chain().Close().ok());
}

TEST(StoredState, AFailingStoreIsNoBadRecord) {
  Counters counters({1, 0}, ErrorPolicy::kDrop);
  ASSERT_TRUE(counters.chain().Open().ok());
  ASSERT_TRUE(counters.Push({-1, 1, 2, 3}).ok());
  EXPECT_EQ(counters.Shown().size(), 3u);
  counters.stores().store("seen").FailWith(Status::IoError("injected"));
  EXPECT_THROW((void)counters.Push({1, 2, 3}), internal::StoreError);
  counters.stores().store("seen").FailWith(Status::Ok());
  ASSERT_TRUE(counters.chain().Close().ok());
}

TEST(StoredState, WhatWasReadStaysWhereItIsWhileOthersAreRead) {
  MemoryStores stores({1, 0});
  internal::KeyedStateBackend backend(TaskInformation(), &stores);
  const auto table = backend.Create<Number, NoNamespace, NoMapKey, std::string>("texts");
  constexpr NoNamespace kNoNamespace;
  constexpr NoMapKey kNoMapKey;
  const auto at = [&](const Number& key) {
    return internal::Address<Number, NoNamespace, NoMapKey>{StableHash(key), key, kNoNamespace,
                                                            kNoMapKey};
  };
  constexpr Number kMany = 3'000;
  for (Number key = 0; key < kMany; ++key) {
    table.FindOrInsert(at(key)) = std::to_string(key);
    table.Evict();
  }
  std::vector<const std::string*> found;
  for (Number key = 0; key < kMany; ++key) found.push_back(table.Find(at(key)));
  for (Number key = 0; key < kMany; ++key) ASSERT_EQ(*found[key], std::to_string(key));
}

}  // namespace
}  // namespace weir
