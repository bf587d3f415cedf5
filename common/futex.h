// Sleeping until a word of memory changes (Linux's futex): for the few places where a mutex and a
// condition variable cost one system call and one more thread switch too many.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir {

// Sleeps as long as `word` is `expected`, at most `timeout_ms` (negative: no limit). Returns early
// for no reason, too: look at the word again. Orders no memory: reading the word does.
void FutexWait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
               std::int64_t timeout_ms);
// Wakes one thread of this process that sleeps on `word`.
void FutexWakeOne(const std::atomic<std::uint32_t>& word);

}  // namespace weir
