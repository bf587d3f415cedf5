// The metrics and accumulators of one task, by name.
//
// counter(), gauge() and accumulator() from the task's thread, AddTo() from any.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <weir/runtime_context.h>
#include <weir/status.h>

#include "common/mutex.h"
#include "taskmanager/task/task_description.h"

namespace weir::task {

class TaskMetrics final : public MetricGroup {
 public:
  // `on_error` is called when the program contradicts itself (the task fails with it).
  explicit TaskMetrics(std::function<void(Status)> on_error) : on_error_(std::move(on_error)) {}

  Counter& counter(std::string_view name) override;
  Gauge& gauge(std::string_view name) override;
  Accumulator& accumulator(std::string_view name, Accumulator::Kind kind);

  void AddTo(TaskStatistics& statistics) const;

 private:
  template <class T>
  using ByName = std::map<std::string, std::unique_ptr<T>, std::less<>>;

  const std::function<void(Status)> on_error_;
  // Guards the maps, not the values, which are atomic.
  mutable Mutex mutex_;
  ByName<Counter> counters_ WEIR_GUARDED_BY(mutex_);
  ByName<Gauge> gauges_ WEIR_GUARDED_BY(mutex_);
  ByName<Accumulator> accumulators_ WEIR_GUARDED_BY(mutex_);
  // Given out where an accumulator is asked for with two kinds: the task is failing then.
  Accumulator contradiction_{Accumulator::Kind::kSum};
};

}  // namespace weir::task
