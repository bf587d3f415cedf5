#include "jobmanager/rest/cluster_json.h"

#include <nlohmann/json.hpp>

#include "jobmanager/rest/json_text.h"

namespace weir::rest {

namespace {

constexpr int kRefreshIntervalMs = 3000;
constexpr double kBytesPerMiB = 1024.0 * 1024.0;

// Flink splits a slot's memory by use; Weir has one number per process.
Json Resource(double cpu_cores, double memory_bytes) {
  return {{"cpuCores", cpu_cores},
          {"taskHeapMemory", static_cast<std::int64_t>(memory_bytes / kBytesPerMiB)},
          {"taskOffHeapMemory", 0},
          {"managedMemory", 0},
          {"networkMemory", 0},
          {"extendedResources", Json::object()}};
}

Json Summary(const TaskManagerDetails& task_manager) {
  double slots = task_manager.slots_number > 0 ? task_manager.slots_number : 1;
  double free_part = task_manager.free_slots / slots;
  double memory = static_cast<double>(task_manager.process_memory_bytes);
  return {{"id", task_manager.id},
          {"path", task_manager.host + ":" + std::to_string(task_manager.data_port)},
          {"host", task_manager.host},
          {"dataPort", task_manager.data_port},
          {"jmxPort", -1},
          {"pid", task_manager.pid},
          {"timeSinceLastHeartbeat", task_manager.last_heartbeat_ms},
          {"slotsNumber", task_manager.slots_number},
          {"freeSlots", task_manager.free_slots},
          {"totalResource", Resource(task_manager.cpu_cores, memory)},
          {"freeResource", Resource(task_manager.cpu_cores * free_part, memory * free_part)},
          {"hardware",
           {{"cpuCores", task_manager.cpu_cores},
            {"physicalMemory", task_manager.physical_memory_bytes},
            {"freeMemory", task_manager.free_memory_bytes},
            {"managedMemory", task_manager.process_memory_bytes}}},
          {"memoryConfiguration", {{"totalProcessMemory", task_manager.process_memory_bytes}}},
          {"blocked", false}};
}

}  // namespace

std::string ClusterOverviewJson(const ClusterOverview& overview) {
  return JsonText({{"taskmanagers", overview.task_managers},
                   {"slots-total", overview.slots_total},
                   {"slots-available", overview.slots_available},
                   {"jobs-running", overview.jobs_running},
                   {"jobs-finished", overview.jobs_finished},
                   {"jobs-cancelled", overview.jobs_cancelled},
                   {"jobs-failed", overview.jobs_failed},
                   {"flink-version", WEIR_VERSION},
                   {"flink-commit", "weir"},
                   {"weir-version", WEIR_VERSION}});
}

std::string ConfigJson() {
  return JsonText({{"refresh-interval", kRefreshIntervalMs},
                   {"timezone-name", "Coordinated Universal Time"},
                   {"timezone-offset", 0},
                   {"flink-version", WEIR_VERSION},
                   {"flink-revision", "weir"},
                   {"weir-version", WEIR_VERSION},
                   {"features",
                    {{"web-submit", true},
                     {"web-cancel", true},
                     {"web-rescale", false},
                     {"web-history", false}}}});
}

std::string TaskManagersJson(const std::vector<TaskManagerDetails>& task_managers) {
  Json list = Json::array();
  for (const TaskManagerDetails& task_manager : task_managers)
    list.push_back(Summary(task_manager));
  return JsonText({{"taskmanagers", std::move(list)}});
}

std::string TaskManagerJson(const TaskManagerDetails& task_manager) {
  Json json = Summary(task_manager);
  double slots = task_manager.slots_number > 0 ? task_manager.slots_number : 1;
  Json allocated = Json::array();
  for (const TaskManagerSlot& slot : task_manager.allocated_slots) {
    allocated.push_back(
        {{"jobId", slot.job_id},
         {"resource", Resource(task_manager.cpu_cores / slots,
                               static_cast<double>(task_manager.process_memory_bytes) / slots)},
         {"tasks", slot.tasks}});
  }
  json["allocatedSlots"] = std::move(allocated);
  return JsonText(json);
}

}  // namespace weir::rest
