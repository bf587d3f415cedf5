// The panes of one key: an accumulator for each pane that had a record and has not expired.
//
// The newest pane lies in the entry itself, so that a record in order costs one cache line; the
// others are behind a pointer (older_panes.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include <weir/internal/type_schema.h>
#include <weir/internal/windows/older_panes.h>
#include <weir/serializer.h>

namespace weir::internal {

inline constexpr std::int64_t kNoPane = std::numeric_limits<std::int64_t>::min();

// Pane numbers are from -2^62 to 2^62, so that differences do not overflow.
template <class A>
class PaneAccumulators {
 public:
  // kNoPane: there is none.
  std::int64_t newest() const { return number_; }

  // The pane's accumulator; where it is `inserted` it holds anything and must be assigned. Panes
  // before `first_live` have expired; `number` has not.
  A& FindOrInsert(std::int64_t number, std::int64_t first_live, bool& inserted) {
    if (number == number_) [[likely]] {
      inserted = false;
      return accumulator_;
    }
    if (number < number_) return Older().FindOrInsert(number, number_, first_live, inserted);
    Advance(number, first_live);
    inserted = true;
    return accumulator_;
  }

  // visit(number, const A&) for each in [first, end), in order.
  template <class Visit>
  void ForEach(std::int64_t first, std::int64_t end, Visit&& visit) const {
    if (older_) older_->ForEach(first, end, number_, visit);
    if (number_ >= first && number_ < end) visit(number_, accumulator_);
  }

  // Calls take(const A&) with parts that are together the panes [first, end), in order: of windows
  // in order, each not more often than once. `stagger`: as TwoStacks has it.
  template <class Aggregation, class Take>
  void MergeNext(std::int64_t first, std::int64_t end, std::uint64_t stagger,
                 Aggregation& aggregation, Take&& take) const {
    if constexpr (kHasTwoStacks<A>) {
      const std::int64_t older_end = std::min(end, number_);
      if (older_ && older_end - first > kFewPanes && older_->stacks.IsWorthWhile(first)) {
        older_->stacks.Merge(
            first, older_end, stagger, aggregation,
            [this](std::int64_t from, std::int64_t to, auto&& visit) {
              older_->ForEach(from, to, number_, visit);
            },
            take);
        if (number_ < end) take(accumulator_);
        return;
      }
    }
    ForEach(first, end, [&take](std::int64_t, const A& accumulator) { take(accumulator); });
  }

  // Ask for what MergeNext() reads: first the one, then the other.
  void Prefetch() const {
    if (older_) PrefetchAll(older_.get(), sizeof(*older_));
  }
  void PrefetchFurther() const {
    if (older_) older_->PrefetchLast(number_);
  }

  void WriteTo(ByteWriter& out) const {
    std::uint32_t count = 0;
    ForAll([&count](std::int64_t, const A&) { ++count; });
    out.WriteLength(count);
    ForAll([&out](std::int64_t number, const A& accumulator) {
      Serializer<std::int64_t>::Write(out, number);
      Serializer<A>::Write(out, accumulator);
    });
  }
  [[nodiscard]] bool ReadFrom(ByteReader& in) {
    std::uint32_t count = 0;
    if (!in.ReadLength(count, sizeof(std::int64_t))) return false;
    for (; count > 0; --count) {
      std::int64_t number = 0;
      A accumulator{};
      if (!Serializer<std::int64_t>::Read(in, number) || number < -kFarthest ||
          number > kFarthest || !Serializer<A>::Read(in, accumulator)) {
        return false;
      }
      bool inserted = false;
      FindOrInsert(number, -kFarthest, inserted) = std::move(accumulator);
      if (!inserted) return false;
    }
    return true;
  }

 private:
  static constexpr std::int64_t kFewPanes = 4;  // are merged as they are
  static constexpr std::int64_t kFarthest = std::int64_t{1} << 62;

  static void PrefetchAll(const void* object, std::size_t bytes) {
    for (std::size_t at = 0; at < bytes; at += 64) {
      __builtin_prefetch(static_cast<const char*>(object) + at, 1);
    }
  }
  OlderPanes<A>& Older() {
    if (!older_) older_ = std::make_unique<OlderPanes<A>>();
    return *older_;
  }
  [[gnu::noinline]] void Advance(std::int64_t number, std::int64_t first_live) {
    const std::int64_t before = std::exchange(number_, number);
    if (before == kNoPane) return;
    if (older_) older_->Advance(before, number, first_live);
    if (before < first_live) return;
    bool inserted = false;
    Older().FindOrInsert(before, number, first_live, inserted) = std::move(accumulator_);
  }
  template <class Visit>
  void ForAll(Visit&& visit) const {
    if (number_ != kNoPane) ForEach(-kFarthest, kFarthest + 1, visit);
  }

  std::int64_t number_ = kNoPane;
  A accumulator_{};
  std::unique_ptr<OlderPanes<A>> older_;
};

}  // namespace weir::internal

template <class A>
struct weir::Serializer<weir::internal::PaneAccumulators<A>> {
  static std::string Schema() { return "map<i64," + internal::SchemaOf<A>() + ">"; }
  static void Write(ByteWriter& out, const internal::PaneAccumulators<A>& value) {
    value.WriteTo(out);
  }
  [[nodiscard]] static bool Read(ByteReader& in, internal::PaneAccumulators<A>& value) {
    return value.ReadFrom(in);
  }
};
