#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/internal/operator_chain.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/collecting_sink.h"

namespace weir {
namespace {

using testing::Collected;
using testing::CollectingSink;
using testing::FakeChainContext;
using testing::MakeBatch;
using Calls = std::shared_ptr<std::vector<std::string>>;

// Notes what is called; fails or throws where told.
struct Noting {
  Calls calls;
  std::string name;
  std::string fails_in;
  Status Open(RuntimeContext&) { return Note("open"); }
  std::int64_t operator()(const std::int64_t& i) {
    if (fails_in == "call") throw std::runtime_error("cannot map " + std::to_string(i));
    return i;
  }
  Status Close() {
    if (fails_in == "close throws") throw std::runtime_error("cannot close");
    return Note("close");
  }
  Status Note(const std::string& what) {
    calls->push_back(what + " " + name);
    return fails_in == what ? Status::IoError("no " + what) : Status::Ok();
  }
};

// Vertex 1 of: source | a -> b -> sink.
class OperatorChainTest : public ::testing::Test {
 protected:
  void Build(const std::string& a_fails_in, const std::string& b_fails_in) {
    StreamExecutionEnvironment env(inputs_);
    env.FromSequence(1, 2)
        .Rebalance()
        .Map(Noting{calls_, "a", a_fails_in})
        .Name("a")
        .Map(Noting{calls_, "b", b_fails_in})
        .Name("b")
        .SinkTo(CollectingSink<std::int64_t>(collected_));
    auto job = env.Compile();
    ASSERT_TRUE(job.ok());
    job_ = *std::move(job);
    chain_ = job_->CreateChain(1, context_);
  }

  internal::JobInputs inputs_;
  Calls calls_ = std::make_shared<std::vector<std::string>>();
  std::shared_ptr<Collected<std::int64_t>> collected_ = std::make_shared<Collected<std::int64_t>>();
  FakeChainContext context_;
  std::unique_ptr<internal::CompiledJob> job_;
  std::unique_ptr<internal::Chain> chain_;
};

TEST_F(OperatorChainTest, OpensLastFirstAndClosesFirstFirst) {
  Build("", "");
  ASSERT_TRUE(chain_->Open().ok());
  auto batch = MakeBatch<std::int64_t>({5});
  ASSERT_TRUE(chain_->OnBatch(0, *batch).ok());
  EXPECT_EQ(collected_->records, (std::vector<std::int64_t>{5}));
  ASSERT_TRUE(chain_->Close().ok());
  ASSERT_TRUE(chain_->Close().ok()) << "does nothing the second time";
  EXPECT_EQ(*calls_, (std::vector<std::string>{"open b", "open a", "close a", "close b"}));
  EXPECT_EQ(collected_->closed, 1);
}

TEST_F(OperatorChainTest, AFailedOpenNamesTheOperatorAndClosesOnlyWhatWasOpened) {
  Build("", "open");
  const Status opened = chain_->Open();
  EXPECT_EQ(opened.message(), "b: no open");
  ASSERT_TRUE(chain_->Close().ok());
  EXPECT_EQ(*calls_, (std::vector<std::string>{"open b", "close b"}));
  EXPECT_EQ(collected_->closed, 1);
}

TEST_F(OperatorChainTest, CloseGoesOnAfterAnError) {
  Build("close throws", "close");
  ASSERT_TRUE(chain_->Open().ok());
  const Status closed = chain_->Close();
  EXPECT_EQ(closed.message(), "a: Close threw: cannot close");
  EXPECT_EQ(calls_->back(), "close b");
  EXPECT_EQ(context_.entered.back(), 0u) << "says whose function threw";
  EXPECT_EQ(collected_->closed, 1);
}

TEST_F(OperatorChainTest, AnExceptionLeavesTheBatchUsable) {
  Build("", "call");
  ASSERT_TRUE(chain_->Open().ok());
  std::vector<std::int64_t> numbers(3000, 1);
  auto batch = MakeBatch(numbers);
  EXPECT_THROW((void)chain_->OnBatch(0, *batch), std::runtime_error);
  EXPECT_EQ(context_.entered.back(), 1u) << "says whose function threw";
  EXPECT_FALSE(batch->windowed());
  EXPECT_EQ(batch->size(), 3000u);
}

TEST_F(OperatorChainTest, DrainSaysWhetherASinkHoldsRecords) {
  Build("", "");
  collected_->accept_in_a_row = 2;
  ASSERT_TRUE(chain_->Open().ok());
  auto batch = MakeBatch<std::int64_t>({1, 2, 3, 4, 5});
  ASSERT_TRUE(chain_->OnBatch(0, *batch).ok());
  EXPECT_FALSE(*chain_->Drain());
  EXPECT_TRUE(*chain_->Drain());
  EXPECT_EQ(collected_->records, (std::vector<std::int64_t>{1, 2, 3, 4, 5}));
}

TEST_F(OperatorChainTest, EventsForNobodyAreErrors) {
  Build("", "");
  EXPECT_FALSE(chain_->OnCoordinatorEvent(0, "x").ok());
  EXPECT_FALSE(chain_->OnCoordinatorEvent(99, "x").ok());
}

}  // namespace
}  // namespace weir
