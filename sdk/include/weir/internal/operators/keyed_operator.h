// What operators on a keyed stream share: the key selector, the hash column, the state.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include <weir/internal/operators/one_input_operator.h>
#include <weir/internal/state/keyed_state_backend.h>
#include <weir/stable_hash.h>

namespace weir::internal {

// A user function with the selector of the stream it is for.
template <class F, class KeySelector>
struct KeyedPrototype {
  F function;
  KeySelector key_selector;
};

template <class T, class U, class F, class KeySelector>
class KeyedOperator : public OneInputOperator<T, U, F> {
 public:
  using Key = std::remove_cvref_t<std::invoke_result_t<const KeySelector&, const T&>>;
  using Prototype = KeyedPrototype<F, KeySelector>;

  KeyedOperator(const OperatorContext& context, const Prototype& prototype, Input<U>& output)
      : OneInputOperator<T, U, F>(context, prototype.function, output),
        key_selector_(prototype.key_selector),
        backend_(context.chain->runtime().task()) {}

  KeyedStateBackend& keyed_state() { return backend_; }

 protected:
  KeyedStateBackend& backend() { return backend_; }
  // May be a reference into the record.
  decltype(auto) KeyOf(const T& record) const { return key_selector_(record); }

  // The hashes of the block's keys; null after an error, which is reported. The head of a chain got
  // them with the records from the keyBy in front of it. Within a chain a column of hashes is of
  // another keyBy, if there is one.
  const std::uint64_t* HashesOf(const Batch<T>& block) {
    if (this->context_.operator_index != 0 || !block.has_key_hashes()) return ComputeHashes(block);
    if (backend_.OwnsAll(block.key_hashes(), block.size())) [[likely]] {
      return block.key_hashes();
    }
    this->context_.failure->Report(Status::UserError(
        "a record came to the wrong subtask: its key hashes differently here than where it was "
        "sent. The key selector must give the same key each time, and the key's StableHasher the "
        "same hash in every process"));
    return nullptr;
  }

 private:
  const std::uint64_t* ComputeHashes(const Batch<T>& block) {
    const std::uint32_t size = block.size();
    for (std::uint32_t i = 0; i < size; ++i) hashes_[i] = StableHasher<Key>::Hash(KeyOf(block[i]));
    return hashes_.get();
  }

  const KeySelector key_selector_;
  KeyedStateBackend backend_;
  const std::unique_ptr<std::uint64_t[]> hashes_ =
      std::make_unique_for_overwrite<std::uint64_t[]>(BlockCapacity<T>());
};

}  // namespace weir::internal
