#include "taskmanager/task/slot_page.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weir::task {
namespace {

class SlotPageTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kSlots = 2;
  static constexpr std::uint32_t kFloating = 2;
  static constexpr std::size_t kSize = SlotPageSize(kSlots, kFloating);

  SlotPageTest()
      : memory_(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
  ~SlotPageTest() override { munmap(memory_, kSize); }

  void* const memory_;
};

TEST_F(SlotPageTest, ShowsWhatIsRunningAndNothingElse) {
  SlotPage page(memory_, kSlots, kFloating);
  ASSERT_TRUE(ReadSlotPage(memory_, kSize).ok());
  EXPECT_TRUE(ReadSlotPage(memory_, kSize)->empty());

  page.slot(1)->Enter({.vertex = 3, .subtask = 4, .attempt = 5}, 1, RunningPhase::kStep, 0, 123);
  page.slot(1)->SetOperator(2);
  const RunningStep expected{.task = {.vertex = 3, .subtask = 4, .attempt = 5},
                             .slot = 1,
                             .operator_index = 2,
                             .phase = RunningPhase::kStep,
                             .since_ms = 123};
  EXPECT_EQ(ReadRunningStep(*page.slot(1)), expected);
  EXPECT_EQ(*ReadSlotPage(memory_, kSize), std::vector{expected});
  page.slot(1)->Exit();
  EXPECT_FALSE(ReadRunningStep(*page.slot(1)));
}

TEST_F(SlotPageTest, FloatingEntriesAreLentAndGivenBack) {
  SlotPage page(memory_, kSlots, kFloating);
  SlotPageEntry* first = page.TakeFloating();
  SlotPageEntry* second = page.TakeFloating();
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(page.TakeFloating(), nullptr);
  first->Enter({}, 7, RunningPhase::kOpen, 0, 1);
  ASSERT_EQ(ReadSlotPage(memory_, kSize)->size(), 1U);
  EXPECT_EQ(ReadSlotPage(memory_, kSize)->front().phase, RunningPhase::kOpen);
  page.GiveBack(first);
  EXPECT_TRUE(ReadSlotPage(memory_, kSize)->empty()) << "giving back ends what it shows";
  EXPECT_EQ(page.TakeFloating(), first);
}

TEST_F(SlotPageTest, RefusesWhatIsNoPage) {
  EXPECT_EQ(ReadSlotPage(memory_, kSize).status().code(), StatusCode::kCorruption);
  SlotPage page(memory_, kSlots, kFloating);
  EXPECT_EQ(ReadSlotPage(memory_, kSize - 1).status().code(), StatusCode::kCorruption);
  EXPECT_EQ(ReadSlotPage(memory_, 10).status().code(), StatusCode::kCorruption);
  static_cast<SlotPageHeader*>(memory_)->version = 2;
  EXPECT_EQ(ReadSlotPage(memory_, kSize).status().code(), StatusCode::kUnsupported);
}

// A process that dies inside a step leaves its name behind.
// The supervisor looks at a worker that is only beginning; under ThreadSanitizer a race is seen.
TEST_F(SlotPageTest, IsReadWholeOrNotAtAllWhileItIsMade) {
  std::atomic<bool> looked{false};
  std::thread supervisor([&] {
    for (;;) {
      const auto running = ReadSlotPage(memory_, kSize);
      looked = true;
      if (!running.ok()) continue;
      EXPECT_TRUE(running->empty());
      return;
    }
  });
  while (!looked) std::this_thread::yield();
  SlotPage page(memory_, kSlots, kFloating);
  supervisor.join();
}

TEST_F(SlotPageTest, OutlivesTheProcessThatWroteIt) {
  SlotPage page(memory_, kSlots, kFloating);
  const pid_t child = fork();
  if (child == 0) {
    page.slot(0)->Enter({.vertex = 1}, 0, RunningPhase::kStep, 4, 99);
    _exit(3);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  const auto running = ReadSlotPage(memory_, kSize);
  ASSERT_EQ(running->size(), 1U);
  EXPECT_EQ(running->front().task.vertex, 1U);
  EXPECT_EQ(running->front().operator_index, 4U);
}

TEST_F(SlotPageTest, AReaderSeesWholeEntries) {
  SlotPage page(memory_, kSlots, kFloating);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::uint32_t i = 1; !stop.load(); ++i) {
      page.slot(0)->Enter({.vertex = i, .subtask = i, .attempt = i}, i, RunningPhase::kStep, i, i);
    }
  });
  int seen = 0;
  int torn = 0;
  while (seen < 2000) {
    const auto step = ReadRunningStep(*page.slot(0));
    if (!step) continue;
    ++seen;
    torn += step->task.vertex == step->task.subtask && step->task.vertex == step->task.attempt &&
                    step->task.vertex == step->since_ms
                ? 0
                : 1;
  }
  stop = true;
  writer.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace weir::task
