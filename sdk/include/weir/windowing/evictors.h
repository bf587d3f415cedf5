// Evictors: drop records of a window before (or after) its function sees them. A window with an
// evictor keeps all its records: nothing is aggregated ahead.
//
//   stream.KeyBy(…).Window(weir::GlobalWindows::Create())
//       .Trigger(weir::CountTrigger::Of(10))
//       .Evictor(weir::CountEvictor::Of(100))            // every 10 records over the last 100
//       .Aggregate(Mean())
//
// What is evicted is gone from the window for good. An evictor of your own is a copyable class with
// one or both of
//   void EvictBefore(weir::EvictableElements<T>& elements, const W& window);
//   void EvictAfter(weir::EvictableElements<T>& elements, const W& window);
// taken as `auto&` if it is for any type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/batch.h>
#include <weir/internal/windows/window_arithmetic.h>
#include <weir/status.h>

namespace weir {

// What is in a window, in the order in which it came.
template <class T>
class EvictableElements {
 public:
  std::size_t size() const { return elements_.size(); }
  const T& operator[](std::size_t index) const { return *elements_[index].record; }
  // internal::kNoTimestamp: it has none.
  std::int64_t timestamp_ms(std::size_t index) const { return elements_[index].timestamp_ms; }
  // `evict(index)` is asked once for each element, first one first; true: it goes.
  template <class Evict>
  void RemoveIf(Evict&& evict) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < elements_.size(); ++i) {
      // An element that was passed over stays where it is until it is overwritten, so `evict` may
      // look at the ones behind it.
      if (!evict(i)) elements_[kept++] = elements_[i];
    }
    removed_ = removed_ || kept != elements_.size();
    elements_.resize(kept);
  }

  // For the operator.
  void Clear() {
    elements_.clear();
    removed_ = false;
  }
  void Add(const T& record, std::int64_t timestamp_ms) {
    elements_.push_back({&record, timestamp_ms});
  }
  bool removed() const { return removed_; }

 private:
  struct Element {
    const T* record;
    std::int64_t timestamp_ms;
  };
  std::vector<Element> elements_;
  bool removed_ = false;
};

enum class EvictWhen : std::uint8_t { kBefore, kAfter };  // the window function runs

namespace internal {

// Calls Derived::Evict at the right time.
template <class Derived>
class TimedEvictor {
 public:
  template <class T, class W>
  void EvictBefore(EvictableElements<T>& elements, const W&) {
    if (when_ == EvictWhen::kBefore) Evict(elements);
  }
  template <class T, class W>
  void EvictAfter(EvictableElements<T>& elements, const W&) {
    if (when_ == EvictWhen::kAfter) Evict(elements);
  }

 protected:
  explicit TimedEvictor(EvictWhen when) : when_(when) {}

 private:
  template <class T>
  void Evict(EvictableElements<T>& elements) {
    if (elements.size() > 0) static_cast<Derived&>(*this).Evict(elements);
  }
  EvictWhen when_;
};

}  // namespace internal

// Keeps the last so many records.
class CountEvictor : public internal::TimedEvictor<CountEvictor> {
 public:
  static CountEvictor Of(std::int64_t maximum_count, EvictWhen when = EvictWhen::kBefore) {
    return CountEvictor(maximum_count, when);
  }
  Status Check() const {
    if (maximum_count_ >= 0) return Status::Ok();
    return Status::InvalidArgument("CountEvictor: the count is " + std::to_string(maximum_count_) +
                                   "; it must not be negative");
  }
  template <class T>
  void Evict(EvictableElements<T>& elements) {
    const auto keep = static_cast<std::size_t>(maximum_count_);
    if (elements.size() <= keep) return;
    const std::size_t first_kept = elements.size() - keep;
    elements.RemoveIf([first_kept](std::size_t index) { return index < first_kept; });
  }

 private:
  CountEvictor(std::int64_t maximum_count, EvictWhen when)
      : TimedEvictor(when), maximum_count_(maximum_count) {}
  std::int64_t maximum_count_;
};

// Keeps the records whose timestamp is less than so long before the largest timestamp in the
// window. Records without timestamps all stay.
class TimeEvictor : public internal::TimedEvictor<TimeEvictor> {
 public:
  static TimeEvictor Of(std::int64_t size_ms, EvictWhen when = EvictWhen::kBefore) {
    return TimeEvictor(size_ms, when);
  }
  Status Check() const { return internal::CheckSpan("TimeEvictor: the size", size_ms_, 0); }
  template <class T>
  void Evict(EvictableElements<T>& elements) {
    if (elements.timestamp_ms(0) == internal::kNoTimestamp) return;
    std::int64_t latest = elements.timestamp_ms(0);
    for (std::size_t i = 1; i < elements.size(); ++i) {
      latest = std::max(latest, elements.timestamp_ms(i));
    }
    elements.RemoveIf([&](std::size_t i) { return elements.timestamp_ms(i) <= latest - size_ms_; });
  }

 private:
  TimeEvictor(std::int64_t size_ms, EvictWhen when) : TimedEvictor(when), size_ms_(size_ms) {}
  std::int64_t size_ms_;
};

// Keeps the records that differ by less than a threshold from the last one. `F`:
// double f(const T& record, const T& last).
template <class F>
class DeltaEvictor : public internal::TimedEvictor<DeltaEvictor<F>> {
 public:
  DeltaEvictor(double threshold, F delta, EvictWhen when = EvictWhen::kBefore)
      : internal::TimedEvictor<DeltaEvictor<F>>(when),
        threshold_(threshold),
        delta_(std::move(delta)) {}
  template <class T>
  void Evict(EvictableElements<T>& elements) {
    const T& last = elements[elements.size() - 1];
    elements.RemoveIf([&](std::size_t index) {
      return static_cast<double>(delta_(elements[index], last)) >= threshold_;
    });
  }

 private:
  double threshold_;
  F delta_;
};

}  // namespace weir
