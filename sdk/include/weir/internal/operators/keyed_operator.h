// What operators on a keyed stream share: the key selector, the keys' hashes, the state.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include <weir/internal/operators/one_input_operator.h>
#include <weir/internal/state/key_bytes_check.h>
#include <weir/internal/state/keyed_state_backend.h>
#include <weir/stable_hash.h>

namespace weir::internal {

// A user function with the selector of the stream it is for.
template <class F, class KeySelector>
struct KeyedPrototype {
  static constexpr bool kWrapsFunction = true;
  F function;
  KeySelector key_selector;
};

// False: two keys are equal and not written alike, which is reported (key_bytes_check.h).
template <class K, class T, class KeySelector>
bool CheckKeyBytes(const OperatorContext& context, const KeyedStateBackend& backend,
                   const KeySelector& key_selector, const Batch<T>& block) {
  KeyBytesCheck<K>& check = backend.key_bytes_check<K>();
  for (std::uint32_t i = 0; i < block.size(); ++i) {
    try {
      const K& key = key_selector(block[i]);
      Status checked = check.Check(StableHasher<K>::Hash(key), key);
      if (checked.ok()) continue;
      context.failure->Report(std::move(checked));
      return false;
    } catch (...) {
      // It throws again when the record is processed, where the operator's error policy is.
      continue;
    }
  }
  return true;
}

// Calls use(hash_of): hash_of(i) is the stable hash of record i's key. Not called after an error,
// which is reported. The head of a chain got the hashes with the records from the keyBy in front of
// it. Within a chain they are computed here, as a column of them is of another keyBy.
template <class K, class T, class KeySelector, class Use>
void WithKeyHashes(const OperatorContext& context, const KeyedStateBackend& backend,
                   const KeySelector& key_selector, const Batch<T>& block, Use&& use) {
  if constexpr (kChecksKeyBytes && KeyBytesMayDiffer<K>()) {
    if (!CheckKeyBytes<K>(context, backend, key_selector, block)) return;
  }
  if (context.operator_index != 0 || !block.has_key_hashes()) {
    use([&](std::uint32_t i) { return StableHasher<K>::Hash(key_selector(block[i])); });
    return;
  }
  const std::uint64_t* const hashes = block.key_hashes();
  if (backend.OwnsAll(hashes, block.size())) [[likely]] {
    use([hashes](std::uint32_t i) { return hashes[i]; });
    return;
  }
  context.failure->Report(Status::UserError(
      "a record came to the wrong subtask: its key hashes differently here than where it was "
      "sent. The key selector must give the same key each time, and the key's StableHasher the "
      "same hash in every process"));
}

template <class T, class U, class F, class KeySelector>
class KeyedOperator : public OneInputOperator<T, U, F> {
 public:
  using Key = std::remove_cvref_t<std::invoke_result_t<const KeySelector&, const T&>>;
  using Prototype = KeyedPrototype<F, KeySelector>;

  KeyedOperator(const OperatorContext& context, const Prototype& prototype, Input<U>& output)
      : OneInputOperator<T, U, F>(context, prototype.function, output),
        key_selector_(prototype.key_selector),
        backend_(context.chain->runtime().task(),
                 context.chain->keyed_stores(context.operator_index)) {}

  KeyedStateBackend& keyed_state() { return backend_; }
  KeyedStateBackend* keyed_state_backend() final { return &backend_; }

 protected:
  KeyedStateBackend& backend() { return backend_; }
  // May be a reference into the record.
  decltype(auto) KeyOf(const T& record) const { return key_selector_(record); }

  // See above.
  template <class Use>
  void WithHashes(const Batch<T>& block, Use&& use) {
    WithKeyHashes<Key>(this->context_, backend_, key_selector_, block, std::forward<Use>(use));
  }

 private:
  const KeySelector key_selector_;
  KeyedStateBackend backend_;
};

}  // namespace weir::internal
