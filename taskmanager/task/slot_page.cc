#include "taskmanager/task/slot_page.h"

#include <new>

namespace weir::task {
namespace {

// The entry that the thread is in. Only a crash handler asks: user code never sees it.
thread_local SlotPageEntry* this_threads_entry = nullptr;

std::uint32_t MagicOf(const SlotPageHeader& header) {
  // C++20 has no atomic_ref to a constant.
  return std::atomic_ref<std::uint32_t>(const_cast<std::uint32_t&>(header.magic))
      .load(std::memory_order_acquire);
}

}  // namespace

void SlotPageEntry::Enter(const TaskAttempt& task, std::uint32_t slot_index,
                          RunningPhase running_phase, std::uint32_t operator_number,
                          std::int64_t since_ms) {
  const std::uint64_t next = turn.load(std::memory_order_relaxed) + 1;
  Half& half = halves[next % 2];
  // Each store releases the last turn (a fence would do, but the thread sanitizer knows none): who
  // sees one of them sees that its half is not shown any more. On x86 they are plain moves.
  half.vertex.store(task.vertex, std::memory_order_release);
  half.subtask.store(task.subtask, std::memory_order_release);
  half.attempt.store(task.attempt, std::memory_order_release);
  half.operator_index.store(operator_number, std::memory_order_release);
  half.slot.store(slot_index, std::memory_order_release);
  half.phase.store(static_cast<std::uint32_t>(running_phase), std::memory_order_release);
  half.running_since_ms.store(since_ms > 0 ? since_ms : 1, std::memory_order_release);
  turn.store(next, std::memory_order_release);
  this_threads_entry = this;
}

void SlotPageEntry::Exit() {
  shown().running_since_ms.store(0, std::memory_order_release);
  this_threads_entry = nullptr;
}

void MarkCrashOfThisThread(int signal) {
  if (this_threads_entry == nullptr) return;
  this_threads_entry->crash_signal.store(static_cast<std::uint32_t>(signal),
                                         std::memory_order_release);
}

SlotPage::SlotPage(void* memory, std::uint32_t slot_count, std::uint32_t floating_count)
    : entries_(reinterpret_cast<SlotPageEntry*>(static_cast<std::byte*>(memory) +
                                                sizeof(SlotPageHeader))) {
  for (std::uint32_t i = 0; i < slot_count + floating_count; ++i)
    new (&entries_[i]) SlotPageEntry{};
  for (std::uint32_t i = slot_count + floating_count; i > slot_count; --i) {
    free_.push_back(&entries_[i - 1]);
  }
  auto* const header = static_cast<SlotPageHeader*>(memory);
  header->version = SlotPageHeader::kVersion;
  header->slot_count = slot_count;
  header->floating_count = floating_count;
  std::atomic_ref<std::uint32_t>(header->magic)
      .store(SlotPageHeader::kMagic, std::memory_order_release);
}

SlotPageEntry* SlotPage::TakeFloating() {
  MutexLock lock(mutex_);
  if (free_.empty()) return nullptr;
  SlotPageEntry* entry = free_.back();
  free_.pop_back();
  return entry;
}

void SlotPage::GiveBack(SlotPageEntry* entry) {
  entry->Exit();
  MutexLock lock(mutex_);
  free_.push_back(entry);
}

std::optional<RunningStep> ReadRunningStep(const SlotPageEntry& entry) {
  // Only a writer that goes through two whole turns meanwhile makes a try fail.
  constexpr int kTries = 1000;
  RunningStep step;
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t turn = entry.turn.load(std::memory_order_acquire);
    const SlotPageEntry::Half& half = entry.halves[turn % 2];
    step.task = {.vertex = half.vertex.load(std::memory_order_acquire),
                 .subtask = half.subtask.load(std::memory_order_acquire),
                 .attempt = half.attempt.load(std::memory_order_acquire)};
    step.operator_index = half.operator_index.load(std::memory_order_acquire);
    step.slot = half.slot.load(std::memory_order_acquire);
    step.phase = static_cast<RunningPhase>(half.phase.load(std::memory_order_acquire));
    step.since_ms = half.running_since_ms.load(std::memory_order_acquire);
    step.crash_signal = entry.crash_signal.load(std::memory_order_acquire);
    if (entry.turn.load(std::memory_order_acquire) != turn) continue;
    if (step.since_ms == 0) return std::nullopt;
    return step;
  }
  // A task is stepped faster than it can be looked at: it is not stuck.
  return std::nullopt;
}

Result<std::vector<RunningStep>> ReadSlotPage(const void* memory, std::size_t size) {
  const auto* header = static_cast<const SlotPageHeader*>(memory);
  if (size < sizeof(SlotPageHeader) || MagicOf(*header) != SlotPageHeader::kMagic) {
    return Status::Corruption("the memory shared with a worker holds no slot page");
  }
  if (header->version != SlotPageHeader::kVersion) {
    return Status(StatusCode::kUnsupported, "slot page of version " +
                                                std::to_string(header->version) + "; known is " +
                                                std::to_string(SlotPageHeader::kVersion));
  }
  const std::uint64_t count = std::uint64_t{header->slot_count} + header->floating_count;
  if (count > (size - sizeof(SlotPageHeader)) / sizeof(SlotPageEntry)) {
    return Status::Corruption("a slot page says it has more entries than there is memory");
  }
  const auto* entries = reinterpret_cast<const SlotPageEntry*>(header + 1);
  std::vector<RunningStep> running;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (auto step = ReadRunningStep(entries[i])) running.push_back(*step);
  }
  return running;
}

}  // namespace weir::task
