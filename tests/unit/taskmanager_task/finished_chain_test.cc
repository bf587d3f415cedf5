#include "taskmanager/task/finished_chain.h"

#include <variant>

#include <gtest/gtest.h>

#include <weir/internal/testing/fake_chain_context.h>

namespace weir::task {
namespace {

TEST(FinishedChainTest, NoBarrierIsBehindTheEndOfInput) {
  testing::FakeChainContext context({2}, 16);
  FinishedChain chain(context);
  chain.EmitBarrier({.checkpoint_id = 1});
  ASSERT_TRUE(*chain.Finish());
  chain.EmitBarrier({.checkpoint_id = 2});
  for (const auto& channel : context.outputs[0]) {
    ASSERT_EQ(channel->written.size(), 3U);  // a barrier, the end of event time, the end
    const auto& last = std::get<internal::ControlElement>(channel->written.back());
    EXPECT_TRUE(std::holds_alternative<internal::EndOfInput>(last));
  }
}

}  // namespace
}  // namespace weir::task
