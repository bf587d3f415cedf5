// What a chain does for a checkpoint, step by step.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/internal/edge_factories.h>
#include <weir/internal/operator_chain.h>

#include "tests/unit/sdk/chain_elements.h"

namespace weir {
namespace {

using internal::Barrier;
using internal::Input;
using internal::OperatorContext;
using testing::FakeChainContext;
using testing::MakeBatch;
using testing::ShapeOf;
using Number = std::int64_t;

// What the operators of a test are told, and what they answer.
struct Script {
  std::vector<std::string> calls;
  std::vector<int> not_ready;  // by operator: times that PrepareCheckpoint() says false
  std::vector<bool> awaits;
};

// Keeps records until PrepareCheckpoint() is through, as one that collects does.
class KeepingOperator final : public internal::Operator,
                              public internal::HoldingOperator,
                              public Input<Number> {
 public:
  KeepingOperator(const OperatorContext& context, Script& script, Input<Number>* output)
      : context_(context), script_(script), output_(output) {}
  internal::AnyInput* input(std::uint32_t) override { return this; }
  void Push(internal::Batch<Number>& block) override {
    for (std::uint32_t i = 0; i < block.size(); ++i) kept_.push_back(block[i]);
  }
  void OnWatermark(internal::Watermark) override {}
  void OnWatermarkStatus(internal::WatermarkStatus) override {}
  Result<bool> PrepareCheckpoint(const Barrier& barrier) override {
    const std::uint32_t index = context_.operator_index;
    script_.calls.push_back(std::to_string(index) + " prepares " +
                            std::to_string(barrier.checkpoint_id) + " with " +
                            std::to_string(kept_.size()));
    if (script_.not_ready[index]-- > 0) return false;
    if (output_ != nullptr && !kept_.empty()) {
      auto block = MakeBatch(std::exchange(kept_, {}));
      output_->Push(*block);
    }
    return true;
  }
  bool AwaitsCheckpoint() const override { return script_.awaits[context_.operator_index]; }
  internal::HoldingOperator* holding() override { return this; }
  Result<bool> Resume() override {
    script_.calls.push_back(std::to_string(context_.operator_index) + " resumes");
    return false;
  }
  bool HoldsInput() const override { return false; }

 private:
  const OperatorContext context_;
  Script& script_;
  Input<Number>* const output_;
  std::vector<Number> kept_;
};

class KeepingFactory final : public internal::OperatorFactory {
 public:
  explicit KeepingFactory(Script& script) : script_(script) {}
  std::unique_ptr<internal::Operator> Create(const OperatorContext& context,
                                             internal::AnyInput* output) const override {
    return std::make_unique<KeepingOperator>(context, script_, static_cast<Input<Number>*>(output));
  }
  std::unique_ptr<internal::AnyInput> CreateFork(
      std::vector<internal::AnyInput*> consumers) const override {
    return internal::MakeFork<Number>(consumers);
  }
  std::unique_ptr<internal::AnyInput> CreateDiscard() const override {
    return std::make_unique<internal::DiscardingInput<Number>>();
  }

 private:
  Script& script_;
};

// 0 -> 1 -> 2, and 0 -> 3; 1 also goes out over two channels.
class ChainCheckpointTest : public ::testing::Test {
 protected:
  ChainCheckpointTest() : context_({2}, 16) {
    script_.not_ready.resize(4);
    script_.awaits.resize(4);
    const auto factory = std::make_shared<KeepingFactory>(script_);
    for (const char* name : {"zero", "one", "two", "three"}) {
      plan_.operators.push_back({name, name, factory, {}, {}, ErrorPolicy::kFail});
    }
    plan_.operators[0].consumers = {{true, 1}, {true, 3}};
    plan_.operators[1].consumers = {{true, 2}, {false, 0}};
    plan_.outputs.push_back({std::make_shared<internal::DefaultEdge<Number>>()});
    plan_.input_numbers = {0};
    chain_ = std::make_unique<internal::OperatorChain>(plan_, context_);
    EXPECT_TRUE(chain_->Open().ok());
  }
  bool Prepare(std::uint64_t checkpoint_id) {
    const Result<bool> prepared = chain_->PrepareCheckpoint({checkpoint_id, 0});
    EXPECT_TRUE(prepared.ok()) << prepared.status().ToString();
    return *prepared;
  }
  std::vector<std::string> TakeCalls() { return std::exchange(script_.calls, {}); }

  Script script_;
  FakeChainContext context_;
  internal::ChainPlan plan_;
  std::unique_ptr<internal::OperatorChain> chain_;
};

TEST_F(ChainCheckpointTest, PreparesEachOperatorOnceAfterThoseInFrontOfIt) {
  auto batch = MakeBatch<Number>({7, 8});
  ASSERT_TRUE(chain_->OnBatch(0, *batch).ok());
  script_.not_ready = {0, 1, 0, 2};
  EXPECT_FALSE(Prepare(5));
  EXPECT_EQ(TakeCalls(), (std::vector<std::string>{"0 prepares 5 with 2", "1 prepares 5 with 2"}));
  EXPECT_FALSE(Prepare(5));
  EXPECT_EQ(TakeCalls(), (std::vector<std::string>{"1 prepares 5 with 2", "2 prepares 5 with 2",
                                                   "3 prepares 5 with 2"}));
  EXPECT_FALSE(Prepare(5));
  EXPECT_TRUE(Prepare(5));
  EXPECT_EQ(TakeCalls(), (std::vector<std::string>{"3 prepares 5 with 2", "3 prepares 5 with 2"}));
}

TEST_F(ChainCheckpointTest, OperatorsWithNothingBehindThemPrepareAtTheSameTime) {
  script_.not_ready = {0, 0, 1, 1};
  EXPECT_FALSE(Prepare(5));
  EXPECT_EQ(TakeCalls().size(), 4u);
  EXPECT_TRUE(Prepare(5));
  EXPECT_EQ(TakeCalls(), (std::vector<std::string>{"2 prepares 5 with 0", "3 prepares 5 with 0"}));
}

TEST_F(ChainCheckpointTest, AnotherCheckpointIsPreparedAnew) {
  script_.not_ready = {0, 1, 0, 0};
  EXPECT_FALSE(Prepare(5));  // given up
  TakeCalls();
  EXPECT_TRUE(Prepare(6));
  EXPECT_EQ(TakeCalls().front(), "0 prepares 6 with 0");
  EXPECT_TRUE(Prepare(7));
  EXPECT_EQ(TakeCalls().size(), 4u);
}

TEST_F(ChainCheckpointTest, NothingIsPassedOnToWhatIsPrepared) {
  const std::vector<std::string> resumes{"0 resumes"};
  script_.not_ready = {0, 0, 1, 0};
  EXPECT_TRUE(*chain_->Drain());
  EXPECT_EQ(TakeCalls(), resumes);
  EXPECT_FALSE(Prepare(5));
  TakeCalls();
  EXPECT_TRUE(*chain_->Drain());
  EXPECT_EQ(TakeCalls(), std::vector<std::string>{}) << "\"three\" is prepared";
  EXPECT_TRUE(Prepare(5));
  TakeCalls();
  EXPECT_TRUE(*chain_->Drain());
  EXPECT_EQ(TakeCalls(), resumes);
}

TEST_F(ChainCheckpointTest, AnAbortEndsThePreparation) {
  script_.not_ready = {0, 0, 1, 0};
  EXPECT_FALSE(Prepare(5));
  TakeCalls();
  ASSERT_TRUE(chain_->NotifyCheckpointAborted(4).ok());
  EXPECT_TRUE(*chain_->Drain());
  EXPECT_EQ(TakeCalls(), std::vector<std::string>{}) << "another one was aborted";
  ASSERT_TRUE(chain_->NotifyCheckpointAborted(5).ok());
  EXPECT_TRUE(*chain_->Drain());
  EXPECT_EQ(TakeCalls(), std::vector<std::string>{"0 resumes"});
}

TEST_F(ChainCheckpointTest, ABarrierIsBehindAllThatCameBeforeWhateverTheCredit) {
  for (auto& channel : context_.outputs[0]) channel->credit = 0;
  auto batch = MakeBatch<Number>({1, 2, 3});
  ASSERT_TRUE(chain_->OnBatch(0, *batch).ok());
  ASSERT_TRUE(Prepare(9));
  chain_->EmitBarrier({9, 1234});
  for (const auto& channel : context_.outputs[0]) {
    EXPECT_EQ(ShapeOf(*channel), "BC");
    const auto& control = std::get<internal::ControlElement>(channel->written.back());
    EXPECT_EQ(std::get<Barrier>(control), (Barrier{9, 1234}));
  }
}

TEST_F(ChainCheckpointTest, NoBarrierIsBehindTheEndOfInput) {
  ASSERT_TRUE(chain_->OnEndOfInput(0).ok());
  ASSERT_TRUE(*chain_->Finish());
  chain_->EmitBarrier({9, 0});
  EXPECT_EQ(ShapeOf(*context_.outputs[0][0]), "E");
}

TEST_F(ChainCheckpointTest, AwaitsACheckpointAsLongAsOneOperatorDoes) {
  EXPECT_FALSE(chain_->AwaitsCheckpoint());
  script_.awaits[2] = true;
  EXPECT_TRUE(chain_->AwaitsCheckpoint());
}

struct Remembering {
  ValueState<Number> sum{"sum"};
  MapState<Number, std::string, WithTtl> seen{"seen", StateTtlConfig(1000)};
  auto States() { return std::tie(sum, seen); }
  void ProcessElement(const Number&, KeyedProcessContext<Number>&, Collector<Number>&) {}
  void OnTimer(std::int64_t, OnTimerContext<Number>&, Collector<Number>&) {}
};

TEST(ChainKeyedTables, AreThereBeforeOpenAndNameTheirOperator) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  const auto key = [](const Number& i) { return i % 3; };
  env.FromSequence(1, 2)
      .KeyBy(key)
      .Process(Remembering())
      .Uid("remembering")
      .Map([](const Number& i) { return i + 1; })
      .Print();
  auto job = env.Compile();
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  ASSERT_EQ((*job)->graph().vertices.size(), 1u);
  FakeChainContext context;
  const auto chain = (*job)->CreateChain(0, context);
  std::vector<std::string> names;
  for (const auto& [index, name, table, schema, in_store] : chain->keyed_tables()) {
    EXPECT_EQ(index, 1u);
    EXPECT_FALSE(in_store);
    EXPECT_EQ(table->size(), 0u);
    EXPECT_EQ(schema, table->schema());
    EXPECT_EQ(schema.rfind("key=i64 ", 0), 0u) << schema;
    names.push_back(name);
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"weir.event-time-timers", "weir.processing-time-timers",
                                      "sum", "seen", "seen/keys"}));
}

}  // namespace
}  // namespace weir
