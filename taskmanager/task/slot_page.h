// What each thread of a worker that may be inside user code is running: a page of memory that the
// worker shares with its supervisor, so that a crash or an endless loop names its operator.
//
// Layout (version 1, native byte order: both processes are on one machine): a header of 64 bytes,
// then one entry of 128 bytes per slot, then `floating` entries for threads that run user code
// beside the slots' (Open(), Close(), blocking vertices). The two processes may be of different
// versions: whoever reads checks magic and version first.
//
// Writing: an entry has one writer at a time. It fills the half that is not shown and then shows it
// by counting up, so that a writer that dies at any point leaves a whole entry. Reading: any
// process, any time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <weir/status.h>

#include "common/mutex.h"
#include "taskmanager/task/task_description.h"

namespace weir::task {

enum class RunningPhase : std::uint32_t { kStep = 0, kOpen = 1, kClose = 2 };

struct SlotPageEntry {
  struct Half {
    std::atomic<std::int64_t> running_since_ms;  // CLOCK_MONOTONIC; 0: at rest
    std::atomic<std::uint32_t> vertex;
    std::atomic<std::uint32_t> subtask;
    std::atomic<std::uint32_t> attempt;
    std::atomic<std::uint32_t> operator_index;
    std::atomic<std::uint32_t> slot;
    std::atomic<std::uint32_t> phase;
  };
  std::atomic<std::uint64_t> turn;  // the half with this parity is shown
  Half halves[2];
  // The signal that is ending the process because of what this entry's thread did; 0: none.
  std::atomic<std::uint32_t> crash_signal;
  std::byte reserved[52];

  // The thread is going to run code of that task, since `since_ms`.
  void Enter(const TaskAttempt& task, std::uint32_t slot_index, RunningPhase running_phase,
             std::uint32_t operator_number, std::int64_t since_ms);
  void SetOperator(std::uint32_t index) {
    shown().operator_index.store(index, std::memory_order_relaxed);
  }
  // It is back.
  void Exit();

 private:
  Half& shown() { return halves[turn.load(std::memory_order_relaxed) % 2]; }
};
static_assert(sizeof(SlotPageEntry) == 128);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// The calling thread is ending the process with `signal`: marks the entry that it is in, if any, so
// that of all that was running the supervisor can tell what crashed. Async-signal-safe.
void MarkCrashOfThisThread(int signal);

struct SlotPageHeader {
  static constexpr std::uint32_t kMagic = 0x52494557;  // "WEIR"
  static constexpr std::uint32_t kVersion = 1;
  std::uint32_t magic;  // written last, atomically: a page without it is not ready
  std::uint32_t version;
  std::uint32_t slot_count;
  std::uint32_t floating_count;
  std::byte reserved[48];
};
static_assert(sizeof(SlotPageHeader) == 64);

struct RunningStep {
  TaskAttempt task;
  std::uint32_t slot = 0;
  std::uint32_t operator_index = 0;
  RunningPhase phase = RunningPhase::kStep;
  std::int64_t since_ms = 0;  // CLOCK_MONOTONIC: comparable between processes of one machine
  std::uint32_t crash_signal = 0;
  bool operator==(const RunningStep&) const = default;
};

constexpr std::size_t SlotPageSize(std::uint32_t slot_count, std::uint32_t floating_count) {
  return sizeof(SlotPageHeader) +
         sizeof(SlotPageEntry) * (std::size_t{slot_count} + floating_count);
}

// The worker's side. Keeps the memory's address only: whoever maps it keeps it mapped meanwhile.
class SlotPage {
 public:
  // Formats `memory`: SlotPageSize() bytes, aligned to 64.
  SlotPage(void* memory, std::uint32_t slot_count, std::uint32_t floating_count);
  SlotPage(const SlotPage&) = delete;
  SlotPage& operator=(const SlotPage&) = delete;

  SlotPageEntry* slot(std::uint32_t index) { return &entries_[index]; }
  // A floating entry, or null when all are taken: then what its thread runs is not shown. Any
  // thread.
  SlotPageEntry* TakeFloating();
  void GiveBack(SlotPageEntry* entry);

 private:
  SlotPageEntry* const entries_;
  Mutex mutex_;
  std::vector<SlotPageEntry*> free_ WEIR_GUARDED_BY(mutex_);
};

// The supervisor's side: what one entry (slots first, then floating) says; nothing while it is at
// rest.
std::optional<RunningStep> ReadRunningStep(const SlotPageEntry& entry);
// All that is running. Corruption when `size` bytes of memory hold no page of a known version.
Result<std::vector<RunningStep>> ReadSlotPage(const void* memory, std::size_t size);

}  // namespace weir::task
