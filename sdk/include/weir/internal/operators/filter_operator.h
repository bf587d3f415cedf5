// Filter: closes the gaps in the block and passes the same block on. Nothing moves until the first
// record is dropped.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include <weir/internal/operators/one_input_operator.h>
#include <weir/internal/record_errors.h>

namespace weir::internal {

template <class T, class F>
class FilterOperator final : public OneInputOperator<T, T, F> {
 public:
  static constexpr bool kHandlesErrors = true;

  using OneInputOperator<T, T, F>::OneInputOperator;
  void Push(Batch<T>& in) override {
    this->context_.Enter();
    const std::uint32_t kept = in.has_key_hashes() ? Compact<true>(in) : Compact<false>(in);
    if (kept == 0) return;
    in.Truncate(kept);
    this->output_.Push(in);
  }

 private:
  // Small plain records are copied whether they stay or not: no branch to mispredict.
  static constexpr bool kAlwaysCopy = std::is_trivially_copyable_v<T> && sizeof(T) <= 16;

  template <bool kHashes>
  std::uint32_t Compact(Batch<T>& in) {
    std::uint32_t kept = 0;
    ForEachRecord(
        this->context_, in, 0, in.size(),
        [&](std::uint32_t i) {
          const bool keep = this->function_(std::as_const(in[i]));
          if (kAlwaysCopy || (keep && kept != i)) {
            in[kept] = std::move(in[i]);
            in.timestamp(kept) = in.timestamp(i);
            if constexpr (kHashes) in.key_hashes()[kept] = in.key_hashes()[i];
          }
          kept += keep ? 1 : 0;
        },
        [](std::uint32_t) {});
    return kept;
  }
};

}  // namespace weir::internal
