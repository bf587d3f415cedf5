// Linked with tests of keyed state: with WEIR_TEST_STATE_IN_STORES all of it lies in stores, below
// caches of so many entries.
#include <cstdlib>
#include <memory>

#include <weir/internal/testing/fake_chain_context.h>

#include "tests/unit/taskmanager_state/memory_stores.h"

namespace weir::testing {
namespace {

internal::StoreCacheLimits Limits() {
  const char* const entries = std::getenv("WEIR_TEST_STATE_IN_STORES");
  return {entries == nullptr ? 0 : std::strtoull(entries, nullptr, 10), 0};
}

std::unique_ptr<internal::KeyedStores> MakeStores() {
  return std::make_unique<state::MemoryStores>(Limits());
}

[[maybe_unused]] const bool kInStores = [] {
  if (Limits().entries > 0) FakeChainContext::make_stores_by_default = &MakeStores;
  return Limits().entries > 0;
}();

}  // namespace
}  // namespace weir::testing
