// A state outside of an operator, and a clock.
#pragma once

#include <cstdint>
#include <utility>

#include <weir/internal/state/keyed_state_backend.h>
#include <weir/process_context.h>
#include <weir/stable_hash.h>

#include "tests/unit/sdk/chain_elements.h"

namespace weir::testing {

template <class State>
struct StateBench {
  using Context = KeyedProcessContext<std::int64_t>;
  OperatorHarness harness;
  internal::KeyedStateBackend backend{harness.chain.fake_runtime.information,
                                      harness.chain.keyed_stores(0)};
  Context context{harness.context()};
  State state;

  explicit StateBench(State made) : state(std::move(made)) {
    state.template Bind<std::int64_t>(backend);
    harness.chain.processing_time = 0;
  }
  const Context& At(const std::int64_t& key) {
    backend.Evict();
    context.SetKey(key, StableHash(key));
    return context;
  }
  std::int64_t& now() { return harness.chain.processing_time; }
  std::uint64_t entries() const { return backend.tables()[0].table->size(); }
};

}  // namespace weir::testing
