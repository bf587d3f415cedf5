// What a window emits when its trigger fires: what was aggregated, or its records through evictor,
// aggregation and window function. The task's thread.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <weir/internal/windows/window_contents.h>
#include <weir/internal/windows/window_output.h>
#include <weir/internal/windows/window_specification.h>
#include <weir/state.h>
#include <weir/windowing/evictors.h>
#include <weir/windowing/window_functions.h>

namespace weir::internal {

// What a window operator of this specification keeps in a window.
template <class K, class S, bool kKeepsRecords>
struct ContentsOf {
  using Type = RecordContents<K, typename S::Window, typename S::Record>;
};
template <class K, class S>
struct ContentsOf<K, S, false> {
  using Type = AccumulatorContents<K, typename S::Window, typename S::Aggregation>;
};

// The names of a window function's states.
template <class F>
void AddWindowFunctionStates(F& function, std::vector<std::string>& names) {
  for (std::string& name : StateNamesOf(function)) names.push_back(std::move(name));
  if constexpr (HasWindowStates<F>) {
    std::apply([&](auto&... state) { (names.push_back(state.name()), ...); },
               function.WindowStates());
  }
}

template <class S, class K>
class WindowEmission {
 public:
  using T = typename S::Record;
  using W = typename S::Window;
  using Where = WindowAddress<K, W>;

  // Of an empty window: nothing.
  template <class Contents, class Results>
  void Emit(S& specification, Contents& contents, const Where& where, const Where& state,
            std::int64_t watermark_ms, Results& results) {
    if constexpr (S::kEvicts) {
      EmitEvicting(specification, contents, where, state, watermark_ms, results);
    } else if constexpr (S::kAggregates) {
      const auto* accumulator = contents.Find(state);
      if (accumulator == nullptr) return;
      specification.aggregation.WithResult(where.key, *accumulator, [&]<class R>(R&& result) {
        results.Emit(where, watermark_ms, std::forward<R>(result));
      });
    } else {
      records_.clear();
      const bool any = contents.ForEach(
          state, [this](const T& record, std::int64_t) { records_.push_back(&record); });
      if (any) results.EmitElements(where, watermark_ms, Elements());
    }
  }

 private:
  // As in Flink an aggregation is made anew of what the evictor left. If that is nothing, Reduce
  // has no result, Aggregate has that of an accumulator without records.
  template <class Contents, class Results>
  void EmitEvicting(S& specification, Contents& contents, const Where& where, const Where& state,
                    std::int64_t watermark_ms, Results& results) {
    elements_.Clear();
    const bool any = contents.ForEach(state, [this](const T& record, std::int64_t timestamp_ms) {
      elements_.Add(record, timestamp_ms);
    });
    if (!any) return;
    auto& evictor = specification.evictor;
    if constexpr (requires { evictor.EvictBefore(elements_, where.window); }) {
      evictor.EvictBefore(elements_, where.window);
    }
    if constexpr (S::kAggregates) {
      EmitAggregate(specification.aggregation, where, watermark_ms, results);
    } else {
      records_.clear();
      for (std::size_t i = 0; i < elements_.size(); ++i) records_.push_back(&elements_[i]);
      results.EmitElements(where, watermark_ms, Elements());
    }
    if constexpr (requires { evictor.EvictAfter(elements_, where.window); }) {
      evictor.EvictAfter(elements_, where.window);
    }
    if (elements_.removed()) contents.Keep(state, elements_);
  }
  template <class Aggregation, class Results>
  void EmitAggregate(Aggregation& aggregation, const Where& where, std::int64_t watermark_ms,
                     Results& results) {
    const auto emit = [&]<class R>(R&& result) {
      results.Emit(where, watermark_ms, std::forward<R>(result));
    };
    if (elements_.size() == 0) {
      aggregation.WithResultOfNothing(where.key, emit);
      return;
    }
    typename Aggregation::Accumulator accumulator = aggregation.First(elements_[0]);
    for (std::size_t i = 1; i < elements_.size(); ++i) aggregation.Add(elements_[i], accumulator);
    aggregation.WithResult(where.key, std::as_const(accumulator), emit);
  }
  WindowElements<T> Elements() const { return WindowElements<T>(records_.data(), records_.size()); }

  // Of the window that is firing; their memory is used again.
  std::vector<const T*> records_;
  EvictableElements<T> elements_;
};

}  // namespace weir::internal
