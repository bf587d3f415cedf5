#include "taskmanager/task/task_metrics.h"

namespace weir::task {

namespace {

template <class Map, class... Arguments>
auto& FindOrAdd(Map& map, std::string_view name, Arguments... arguments) {
  auto found = map.find(name);
  if (found == map.end()) {
    using Value = typename Map::mapped_type::element_type;
    found = map.emplace(std::string(name), std::make_unique<Value>(arguments...)).first;
  }
  return *found->second;
}

}  // namespace

Counter& TaskMetrics::counter(std::string_view name) {
  MutexLock lock(mutex_);
  return FindOrAdd(counters_, name);
}

Gauge& TaskMetrics::gauge(std::string_view name) {
  MutexLock lock(mutex_);
  return FindOrAdd(gauges_, name);
}

Accumulator& TaskMetrics::accumulator(std::string_view name, Accumulator::Kind kind) {
  {
    MutexLock lock(mutex_);
    Accumulator& accumulator = FindOrAdd(accumulators_, name, kind);
    if (accumulator.kind() == kind) return accumulator;
  }
  on_error_(Status::UserError("accumulator '" + std::string(name) +
                              "' is asked for with two different kinds"));
  return contradiction_;
}

void TaskMetrics::AddTo(TaskStatistics& statistics) const {
  MutexLock lock(mutex_);
  for (const auto& [name, counter] : counters_) statistics.counters[name] = counter->value();
  for (const auto& [name, gauge] : gauges_) statistics.gauges[name] = gauge->value();
  for (const auto& [name, accumulator] : accumulators_) {
    if (!accumulator->touched()) continue;
    statistics.accumulators.push_back(
        {.name = name, .kind = accumulator->kind(), .value = accumulator->value()});
  }
}

}  // namespace weir::task
