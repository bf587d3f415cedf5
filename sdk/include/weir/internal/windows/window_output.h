// Where the results of a window go: through the window function where there is one. And what is
// done with records that are too late.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/collector.h>
#include <weir/internal/record_errors.h>
#include <weir/internal/windows/window_contents.h>
#include <weir/internal/windows/window_specification.h>
#include <weir/side_output.h>
#include <weir/state.h>
#include <weir/windowing/window_functions.h>

namespace weir::internal {

template <class F>
concept HasWindowStates = requires(F& f) { f.WindowStates(); };
// Called when a window has gone.
template <class F, class K, class W>
concept ClearsWindows = requires(F& f, WindowContext<K, W>& context) { f.Clear(context); };

// Calls Process where there is one, else operator(); with the key where it takes that.
template <class F, class K, class Context, class Elements, class Out>
void CallWindowFunction(F& function, const K& key, Context& context, const Elements& elements,
                        Out& out) {
  if constexpr (requires { function.Process(key, context, elements, out); }) {
    function.Process(key, context, elements, out);
  } else if constexpr (requires { function.Process(context, elements, out); }) {
    function.Process(context, elements, out);
  } else if constexpr (std::invocable<F&, const K&, Context&, const Elements&, Out&>) {
    function(key, context, elements, out);
  } else {
    function(context, elements, out);
  }
}

// The task's thread. `F`: the window function, or NoWindowFunction.
template <class K, class W, class U, class F>
class WindowOutput {
 public:
  static constexpr bool kHasFunction = !std::is_same_v<F, NoWindowFunction>;

  // What is given outlives it.
  WindowOutput(const OperatorContext& context, F& function, KeyedStateBackend& backend,
               Input<U>& output)
      : function_(function), collector_(context, output), context_(context) {
    BindStates<K>(function_, backend);
    if constexpr (HasWindowStates<F>) {
      std::apply([&](auto&... state) { (state.template Bind<K, W>(backend), ...); },
                 function_.WindowStates());
    }
  }

  // One result of an aggregation.
  template <class R>
  void Emit(const WindowAddress<K, W>& where, std::int64_t watermark_ms, R&& result) {
    if constexpr (kHasFunction) {
      const std::remove_cvref_t<R>* const element = &result;
      EmitElements(where, watermark_ms, WindowElements<std::remove_cvref_t<R>>(&element, 1));
    } else {
      collector_.Next(where.window.MaxTimestamp()) = std::forward<R>(result);
    }
  }
  template <class R>
  void EmitElements(const WindowAddress<K, W>& where, std::int64_t watermark_ms,
                    const WindowElements<R>& elements) {
    Point(where, watermark_ms);
    collector_.SetTimestamp(where.window.MaxTimestamp());
    CallWindowFunction(function_, where.key, context_, elements, collector_);
  }
  // The window has gone, and what was kept for it goes.
  void Clear(const WindowAddress<K, W>& where, std::int64_t watermark_ms) {
    if constexpr (ClearsWindows<F, K, W>) {
      Point(where, watermark_ms);
      function_.Clear(context_);
    }
    if constexpr (HasWindowStates<F>) {
      Point(where, watermark_ms);
      std::apply([this](auto&... state) { (state.Clear(context_), ...); },
                 function_.WindowStates());
    }
  }
  // Between records, `records` of which have come: of the function's states with a time to live.
  void CleanUp(std::uint32_t records) {
    if constexpr (HasStates<F>) {
      CleanUpStates<K>(function_, context_.processing_time_ms(), records);
    }
  }
  // Passes on what was emitted.
  void Finish() { collector_.Finish(); }

 private:
  void Point(const WindowAddress<K, W>& where, std::int64_t watermark_ms) {
    context_.SetWindow(where.key_hash, where.key, where.window);
    context_.SetWatermark(watermark_ms);
  }

  F& function_;
  Collector<U> collector_;
  WindowContext<K, W> context_;
};

// While a window fires: what is thrown then is no record's fault (RecordErrors::SetPushing).
class FiringWindow {
 public:
  explicit FiringWindow(const OperatorContext& context) : errors_(context.errors) {
    if (errors_ != nullptr) [[unlikely]] {
      errors_->SetPushing(true);
    }
  }
  // Not after an exception: it is on its way through the loop over the records.
  ~FiringWindow() {
    if (errors_ != nullptr && std::uncaught_exceptions() == 0) [[unlikely]] {
      errors_->SetPushing(false);
    }
  }
  FiringWindow(const FiringWindow&) = delete;
  FiringWindow& operator=(const FiringWindow&) = delete;

 private:
  RecordErrors* const errors_;
};

// Drops a late record and counts it, or puts it out to the side.
template <class T>
class LateRecords {
 public:
  LateRecords(const OperatorContext& context, const std::optional<OutputTag<T>>& tag)
      : context_(context),
        tag_(tag),
        dropped_(context.chain->runtime().metrics().counter("numLateRecordsDropped")) {}

  void Handle(const T& record, std::int64_t timestamp_ms) {
    if (!tag_) {
      dropped_.Increment();
      return;
    }
    if (context_.side_outputs == nullptr) return;  // nobody gets any
    Status emitted = context_.side_outputs->Emit(*tag_, record, timestamp_ms);
    if (!emitted.ok()) context_.failure->Report(std::move(emitted));
  }

 private:
  const OperatorContext context_;
  const std::optional<OutputTag<T>>& tag_;
  Counter& dropped_;
};

// A record's timestamp, as windows in event time need it; the error names it.
inline Status CheckWindowTimestamp(std::int64_t timestamp_ms, std::uint32_t subtask_index) {
  if (timestamp_ms >= 0 && timestamp_ms <= kMaximumTimestampMs) [[likely]] {
    return Status::Ok();
  }
  const std::string subtask = " (subtask " + std::to_string(subtask_index) + ")";
  if (timestamp_ms == kNoTimestamp) {
    return Status::UserError("a record without a timestamp came to windows in event time" +
                             subtask +
                             "; give the source a WatermarkStrategy with a timestamp assigner, or "
                             "use windows in processing time");
  }
  return Status::UserError("a record with the timestamp " + std::to_string(timestamp_ms) +
                           " came to windows in event time" + subtask +
                           "; event timestamps are milliseconds from 0 to 2^62 - 1");
}

}  // namespace weir::internal
