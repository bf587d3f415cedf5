#include "taskmanager/task/signal_stack.h"

#include <csignal>

#include <sys/mman.h>

namespace weir::task {
namespace {

// A handler that marks the slot page needs little, but the kernel saves all vector registers there.
constexpr std::size_t kSignalStackSize = 64 * 1024;

}  // namespace

SignalStack::SignalStack() {
  stack_t present{};
  if (::sigaltstack(nullptr, &present) != 0 || (present.ss_flags & SS_DISABLE) == 0) return;
  void* const memory = ::mmap(nullptr, kSignalStackSize, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_t own{};
  own.ss_sp = memory;
  own.ss_size = kSignalStackSize;
  if (::sigaltstack(&own, nullptr) != 0) {
    ::munmap(memory, kSignalStackSize);
    return;
  }
  memory_ = memory;
}

SignalStack::~SignalStack() {
  if (memory_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  // The memory may go only once the kernel does not know it any more.
  if (::sigaltstack(&none, nullptr) == 0) ::munmap(memory_, kSignalStackSize);
}

}  // namespace weir::task
