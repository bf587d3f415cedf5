// What a cache above a store (internal/state/store_cache.h) notes of each value.
#pragma once

#include <cstdint>

namespace weir::internal {

// A value in a cache. `present` false: it is known that there is no such entry.
template <class V>
struct Cached {
  V value{};
  std::uint32_t changed_epoch = 0;  // of its last change; 0: never, as the store has it
  bool present = false;
  mutable bool used = false;  // since the eviction last came by
};
template <class V>
inline constexpr bool kIsCached = false;
template <class V>
inline constexpr bool kIsCached<Cached<V>> = true;

}  // namespace weir::internal
