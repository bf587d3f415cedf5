#include "taskmanager/task/slot_page.h"

#include <new>

namespace weir::task {
namespace {

// The entry that the thread is in. Only a crash handler asks: user code never sees it.
thread_local SlotPageEntry* this_threads_entry = nullptr;

}  // namespace

void SlotPageEntry::Enter(const TaskAttempt& task, std::uint32_t slot_index,
                          RunningPhase running_phase, std::uint32_t operator_number,
                          std::int64_t since_ms) {
  const std::uint64_t number = sequence.load(std::memory_order_relaxed);
  sequence.store(number + 1, std::memory_order_relaxed);
  // Each store releases the odd number before it (a fence would do, but the thread sanitizer knows
  // none); on x86 they are plain moves.
  vertex.store(task.vertex, std::memory_order_release);
  subtask.store(task.subtask, std::memory_order_release);
  attempt.store(task.attempt, std::memory_order_release);
  operator_index.store(operator_number, std::memory_order_release);
  slot.store(slot_index, std::memory_order_release);
  phase.store(static_cast<std::uint32_t>(running_phase), std::memory_order_release);
  running_since_ms.store(since_ms > 0 ? since_ms : 1, std::memory_order_release);
  sequence.store(number + 2, std::memory_order_release);
  this_threads_entry = this;
}

void SlotPageEntry::Exit() {
  running_since_ms.store(0, std::memory_order_release);
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
  new (memory) SlotPageHeader{.magic = SlotPageHeader::kMagic,
                              .version = SlotPageHeader::kVersion,
                              .slot_count = slot_count,
                              .floating_count = floating_count};
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
  // A writer that died in the middle leaves an odd number for ever: after some tries what is there
  // is the best there is.
  constexpr int kTries = 1000;
  RunningStep step;
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t before = entry.sequence.load(std::memory_order_acquire);
    step.task = {.vertex = entry.vertex.load(std::memory_order_acquire),
                 .subtask = entry.subtask.load(std::memory_order_acquire),
                 .attempt = entry.attempt.load(std::memory_order_acquire)};
    step.operator_index = entry.operator_index.load(std::memory_order_acquire);
    step.slot = entry.slot.load(std::memory_order_acquire);
    step.phase = static_cast<RunningPhase>(entry.phase.load(std::memory_order_acquire));
    step.since_ms = entry.running_since_ms.load(std::memory_order_acquire);
    step.crash_signal = entry.crash_signal.load(std::memory_order_acquire);
    if (step.since_ms == 0) return std::nullopt;
    if (before % 2 == 0 && entry.sequence.load(std::memory_order_acquire) == before) break;
  }
  return step;
}

Result<std::vector<RunningStep>> ReadSlotPage(const void* memory, std::size_t size) {
  const auto* header = static_cast<const SlotPageHeader*>(memory);
  if (size < sizeof(SlotPageHeader) || header->magic != SlotPageHeader::kMagic) {
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
