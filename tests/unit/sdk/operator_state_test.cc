// Operator state: its bytes, how it is divided anew, and the hooks of functions in a chain.
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

namespace weir {
namespace {

using internal::ChainedOperatorState;
using internal::OperatorStateItems;
using internal::OperatorStateMode;
using internal::OperatorStateSnapshot;

std::vector<std::byte> Bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}
std::vector<std::vector<std::byte>> Items(std::initializer_list<std::string_view> texts) {
  std::vector<std::vector<std::byte>> items;
  for (const auto text : texts) items.push_back(Bytes(text));
  return items;
}

TEST(OperatorStateFormat, IsThatOfTheDocument) {
  const OperatorStateSnapshot snapshot = {
      {"a", OperatorStateMode::kSplit, Items({"xy", ""})},
      {"", OperatorStateMode::kBroadcast, {}},
  };
  std::vector<std::byte> bytes;
  internal::EncodeOperatorState(snapshot, bytes);
  const char expected[] =
      "\x01\x02\0\0\0"
      "\x01\0\0\0a\x05\0\0\0split\x02\0\0\0\x02\0\0\0xy\0\0\0\0"
      "\0\0\0\0\x09\0\0\0broadcast\0\0\0\0";
  EXPECT_EQ(bytes, Bytes({expected, sizeof(expected) - 1}));
  const auto decoded = internal::DecodeOperatorState(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(*decoded, snapshot);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(internal::DecodeOperatorState(std::span(bytes).first(length)).ok()) << length;
  }
  bytes.push_back({});
  EXPECT_FALSE(internal::DecodeOperatorState(bytes).ok());
  bytes.pop_back();
  bytes[0] = std::byte{2};
  EXPECT_FALSE(internal::DecodeOperatorState(bytes).ok());
}

TEST(OperatorStateRedistribution, KeepsItemsAtTheSameParallelismAndDealsThemOutAtAnother) {
  const auto subtask = [](std::initializer_list<std::string_view> split, std::string_view all) {
    return OperatorStateSnapshot{{"s", OperatorStateMode::kSplit, Items(split)},
                                 {"u", OperatorStateMode::kUnion, Items({all})},
                                 {"b", OperatorStateMode::kBroadcast, Items({"rule"})},
                                 {"r", OperatorStateMode::kUnionOnRescale, Items({all})}};
  };
  const std::vector<OperatorStateSnapshot> old = {subtask({"1", "2", "3"}, "x"), subtask({}, "y"),
                                                  subtask({"4", "5"}, "z")};
  const auto items_of = [](const OperatorStateSnapshot& states, std::string_view name) {
    std::string items;
    for (const auto& state : states) {
      if (state.name != name) continue;
      for (const auto& item : state.items) {
        items.append(reinterpret_cast<const char*>(item.data()), item.size());
      }
    }
    return items;
  };
  const std::map<std::uint32_t, std::vector<std::string>> expected = {
      {1, {"12345"}}, {2, {"135", "24"}}, {3, {"123", "", "45"}}, {4, {"15", "2", "3", "4"}}};
  for (const auto& [parallelism, split] : expected) {
    const auto divided = internal::RedistributeOperatorState(old, parallelism);
    ASSERT_TRUE(divided.ok());
    ASSERT_EQ(divided->size(), parallelism);
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      EXPECT_EQ(items_of((*divided)[i], "s"), split[i]) << i << " of " << parallelism;
      EXPECT_EQ(items_of((*divided)[i], "u"), "xyz");
      EXPECT_EQ(items_of((*divided)[i], "b"), "rule");
      EXPECT_EQ(items_of((*divided)[i], "r"),
                parallelism == 3 ? std::string("xyz").substr(i, 1) : std::string("xyz"));
      EXPECT_EQ((*divided)[i].size(), 4u);
    }
  }
  auto mixed = old;
  mixed[1][0].mode = OperatorStateMode::kUnion;
  EXPECT_EQ(internal::RedistributeOperatorState(mixed, 2).status().code(), StatusCode::kCorruption);
}

struct Calls {
  std::vector<std::string> made;
};

// Keeps numbers until the checkpoint, as a sink that batches does.
struct Buffering {
  explicit Buffering(std::shared_ptr<Calls> all_calls) : calls(std::move(all_calls)) {}

  OperatorListState<std::int64_t> kept{"kept"};
  UnionListState<std::string> seen{"seen"};
  auto OperatorStates() { return std::tie(kept, seen); }

  void InitializeState(const FunctionInitializationContext& context) {
    numbers = kept.Get();
    calls->made.push_back("initialize " + std::to_string(context.restored()) + " of " +
                          std::to_string(context.runtime().subtask_index()) + ": " +
                          std::to_string(numbers.size()) + " kept, " +
                          std::to_string(seen.Get().size()) + " seen");
    seen.Clear();
  }
  void Open(RuntimeContext&) { calls->made.push_back("open"); }
  std::int64_t operator()(const std::int64_t& number) {
    numbers.push_back(number);
    return number;
  }
  Status SnapshotState(const FunctionSnapshotContext& context) {
    if (context.checkpoint_id() == 13) return Status::UserError("no thirteen");
    kept.Update(numbers);
    seen.Add("by " + std::to_string(context.checkpoint_id()));
    return Status::Ok();
  }
  void NotifyCheckpointComplete(std::uint64_t id) {
    calls->made.push_back("complete " + std::to_string(id));
  }
  void NotifyCheckpointAborted(std::uint64_t id) {
    calls->made.push_back("aborted " + std::to_string(id));
  }

  std::shared_ptr<Calls> calls;
  std::vector<std::int64_t> numbers;
};

class CheckpointedFunctions : public ::testing::Test {
 protected:
  // Filter, then Buffering with the sink chained behind it.
  std::unique_ptr<internal::Chain> MakeChain() {
    StreamExecutionEnvironment env(inputs_);
    env.FromSequence(1, 2)
        .Rebalance()
        .Filter([](const std::int64_t&) { return true; })
        .Map(Buffering(calls_))
        .Uid("buffering")
        .SinkTo(testing::CollectingSink<std::int64_t>(collected_));
    auto job = env.Compile();
    EXPECT_TRUE(job.ok()) << job.status().ToString();
    job_ = *std::move(job);
    return job_->CreateChain(1, context_);
  }
  internal::JobInputs inputs_;
  std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
  std::shared_ptr<testing::Collected<std::int64_t>> collected_ =
      std::make_shared<testing::Collected<std::int64_t>>();
  std::unique_ptr<internal::CompiledJob> job_;
  testing::FakeChainContext context_;
};

TEST_F(CheckpointedFunctions, AreSnapshotInTheirChainAndRestoredBeforeTheyOpen) {
  std::vector<ChainedOperatorState> snapshot;
  {
    auto chain = MakeChain();
    ASSERT_TRUE(chain->Open().ok());
    ASSERT_TRUE(chain->OnBatch(0, *testing::MakeBatch<std::int64_t>({7, 8, 9})).ok());
    auto taken = chain->SnapshotOperatorState(5);
    ASSERT_TRUE(taken.ok()) << taken.status().ToString();
    snapshot = *std::move(taken);
    ASSERT_TRUE(chain->NotifyCheckpointComplete(5).ok());
    ASSERT_TRUE(chain->NotifyCheckpointAborted(6).ok());
    const Status failed = chain->SnapshotOperatorState(13).status();
    EXPECT_NE(failed.ToString().find("Map: no thirteen"), std::string::npos) << failed.ToString();
    ASSERT_TRUE(chain->Close().ok());
  }
  EXPECT_EQ(calls_->made, (std::vector<std::string>{"initialize 0 of 0: 0 kept, 0 seen", "open",
                                                    "complete 5", "aborted 6"}));
  ASSERT_EQ(snapshot.size(), 1u);
  EXPECT_EQ(snapshot[0].operator_index, 1u);

  // As bytes, from one subtask to two.
  std::vector<std::byte> bytes;
  internal::EncodeOperatorState(snapshot[0].states, bytes);
  auto divided = internal::RedistributeOperatorState({*internal::DecodeOperatorState(bytes)}, 2);
  ASSERT_TRUE(divided.ok());
  calls_->made.clear();
  for (std::uint32_t subtask = 0; subtask < 2; ++subtask) {
    context_.fake_runtime.information.subtask_index = subtask;
    auto chain = MakeChain();
    chain->RestoreOperatorState({{1, (*divided)[subtask]}});
    ASSERT_TRUE(chain->Open().ok());
    ASSERT_TRUE(chain->Close().ok());
  }
  EXPECT_EQ(calls_->made, (std::vector<std::string>{"initialize 1 of 0: 2 kept, 1 seen", "open",
                                                    "initialize 1 of 1: 1 kept, 1 seen", "open"}));
}

TEST_F(CheckpointedFunctions, RefuseStateThatTheyCannotTake) {
  const auto restored = [this](const OperatorStateItems& items) {
    auto chain = MakeChain();
    chain->RestoreOperatorState({{1, {items}}});
    const Status opened = chain->Open();
    EXPECT_TRUE(chain->Close().ok());
    return opened.ToString();
  };
  const auto number = Items({"12345678"});
  EXPECT_EQ(restored({"kept", OperatorStateMode::kSplit, number}), "OK");
  EXPECT_EQ(restored({"kept", OperatorStateMode::kUnion, number}),
            "CORRUPTION: Map: operator state 'kept' was of another kind when saved");
  EXPECT_NE(restored({"kept", OperatorStateMode::kSplit, Items({"1234567"})})
                .find("operator state 'kept': a serialized value is cut off"),
            std::string::npos);
  EXPECT_NE(restored({"gone", OperatorStateMode::kSplit, number})
                .find("'gone' that the operator does not have any more"),
            std::string::npos);
}

TEST_F(CheckpointedFunctions, NeedAUidAndDifferentNames) {
  {
    StreamExecutionEnvironment env(inputs_);
    env.FromSequence(1, 2).Map(Buffering(calls_));
    EXPECT_NE(env.Compile().status().message().find("it keeps state and has no uid"),
              std::string::npos);
  }
  struct Twice {
    OperatorListState<int> first{"same"};
    UnionListState<int> second{"same"};
    auto OperatorStates() { return std::tie(first, second); }
    bool operator()(const std::int64_t&) { return true; }
  };
  StreamExecutionEnvironment env(inputs_);
  env.FromSequence(1, 2).Filter(Twice()).Uid("twice");
  EXPECT_NE(env.Compile().status().message().find("two of its states have the name 'same'"),
            std::string::npos);
}

}  // namespace
}  // namespace weir
