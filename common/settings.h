// Every setting of Weir, declared once (those of checkpoints and restarts in
// common/checkpoint_settings.h, those of state in common/state_backend_settings.h).
// docs/configuration.md is this list as a table (a unit test compares them).
//
// Keys and defaults are Flink's where the concept is the same. A setting is declared when something
// reads it. To add one: declare it here, add it to setting_registry.cc, regenerate the table
// (the failing test says how).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <weir/runtime_context.h>

#include "common/checkpoint_settings.h"
#include "common/log_format.h"
#include "common/rocksdb_metric_settings.h"
#include "common/setting.h"
#include "common/state_backend_settings.h"

namespace weir {

enum class HighAvailabilityType { kNone, kFile };
template <>
struct SettingEnum<HighAvailabilityType> {
  static constexpr std::array<std::string_view, 2> names{"none", "file"};
};

template <>
struct SettingEnum<LogLevel> {
  static constexpr std::array<std::string_view, 5> names{"trace", "debug", "info", "warn", "error"};
};

template <>
struct SettingEnum<LogFormat> {
  static constexpr std::array<std::string_view, 2> names{"text", "json"};
};

namespace settings {

using std::chrono::milliseconds;
inline constexpr auto kNoDefault = SettingDefault::kNone;
inline constexpr auto kEvolving = SettingStability::kEvolving;
inline constexpr std::int64_t kHighestPort = 65535;

inline constexpr Setting<std::string> kJobManagerRpcAddress{
    {.key = "jobmanager.rpc.address",
     .default_text = "127.0.0.1",
     .description = "Host at which TaskManagers and workers reach the JobManager."}};
inline constexpr Setting<std::int64_t> kJobManagerRpcPort{
    {.key = "jobmanager.rpc.port",
     .default_text = "6123",
     .maximum = kHighestPort,
     .description =
         "Port of the JobManager for TaskManagers and workers. 0: chosen by the kernel."}};
inline constexpr Setting<std::string> kJobManagerBindHost{
    {.key = "jobmanager.bind-host",
     .default_text = "127.0.0.1",
     .description = "Host or address to which the JobManager binds its RPC port."}};
inline constexpr Setting<milliseconds> kJobManagerWorkerLeaseDuration{
    {.key = "jobmanager.worker-lease.duration",
     .default_text = "30 s",
     .stability = kEvolving,
     .minimum = 1,
     .description =
         "How long a worker runs on without hearing from the JobManager before it stops."}};
inline constexpr Setting<std::string> kRestAddress{
    {.key = "rest.address",
     .has_default = kNoDefault,
     .description = "Host at which clients reach the REST API. Unset: jobmanager.rpc.address."}};
inline constexpr Setting<std::int64_t> kRestPort{
    {.key = "rest.port",
     .default_text = "8081",
     .maximum = kHighestPort,
     .description = "Port of the REST API. 0: chosen by the kernel."}};
inline constexpr Setting<std::string> kRestBindAddress{
    {.key = "rest.bind-address",
     .default_text = "127.0.0.1",
     .description = "Host or address to which the REST API binds."}};
inline constexpr Setting<std::string> kTaskManagerHost{
    {.key = "taskmanager.host",
     .has_default = kNoDefault,
     .description = "Host at which other TaskManagers reach this one. Unset: "
                    "taskmanager.bind-host; where that "
                    "is a wildcard, this host's address."}};
inline constexpr Setting<std::string> kTaskManagerBindHost{
    {.key = "taskmanager.bind-host",
     .default_text = "127.0.0.1",
     .description = "Host or address to which the TaskManager binds its data port."}};
inline constexpr Setting<std::int64_t> kTaskManagerDataPort{
    {.key = "taskmanager.data.port",
     .default_text = "0",
     .maximum = kHighestPort,
     .description = "Port for records from other TaskManagers. 0: chosen by the kernel."}};
inline constexpr Setting<std::int64_t> kTaskManagerSlots{
    {.key = "taskmanager.numberOfTaskSlots",
     .default_text = "1",
     .minimum = 1,
     .maximum = 65536,
     .description = "Slots that the TaskManager offers. Not set in a container with a CPU limit: "
                    "its whole cores."}};
inline constexpr Setting<std::string> kTaskManagerId{
    {.key = "taskmanager.id",
     .has_default = kNoDefault,
     .description = "Name of the TaskManager, unique in the cluster. Unset: generated."}};
inline constexpr Setting<MemorySize> kTaskManagerMemoryProcessSize{
    {.key = "taskmanager.memory.process.size",
     .has_default = kNoDefault,
     .minimum = 1,
     .description =
         "Memory of the TaskManager and its workers together. Unset: the limit of its container, "
         "else what the machine has."}};
inline constexpr Setting<std::int64_t> kCreditsPerChannel{
    {.key = "taskmanager.network.credits-per-channel",
     .default_text = "8",
     .stability = kEvolving,
     .minimum = 1,
     .maximum = 65536,
     .description =
         "Buffers (in a process: batches) that a channel may have under way to its receiver."}};
inline constexpr Setting<std::int64_t> kOverdraftBuffers{
    {.key = "taskmanager.network.overdraft-buffers",
     .default_text = "20",
     .stability = kEvolving,
     .maximum = 65536,
     .description = "Batches that a subtask may emit into full channels before its thread parks."}};
inline constexpr Setting<std::int64_t> kParallelism{
    {.key = "parallelism.default",
     .default_text = "1",
     .minimum = 1,
     .maximum = 32768,
     .description = "Parallelism of jobs that do not say."}};
inline constexpr Setting<std::int64_t> kMaxParallelism{
    {.key = "pipeline.max-parallelism",
     .default_text = "-1",
     .minimum = -1,
     .maximum = 32768,
     .description = "Max parallelism (key groups) of jobs that do not say. -1: derived from the "
                    "parallelism."}};
inline constexpr Setting<bool> kOperatorChaining{
    {.key = "pipeline.operator-chaining.enabled",
     .default_text = "true",
     .description = "Whether operators joined by forward edges run as one task."}};
inline constexpr Setting<milliseconds> kBufferTimeout{
    {.key = "execution.buffer-timeout.interval",
     .default_text = "100 ms",
     .description = "How long a subtask under back pressure keeps a partly filled batch. 0: never "
                    "keeps one."}};
inline constexpr Setting<std::int64_t> kMaximumBatchRecords{
    {.key = "execution.batch.max-records",
     .default_text = "1024",
     .stability = kEvolving,
     .minimum = 1,
     .maximum = 1024,
     .description = "Records that travel together between subtasks at most; many channels or large "
                    "records make it fewer."}};
inline constexpr Setting<milliseconds> kAutoWatermarkInterval{
    {.key = "pipeline.auto-watermark-interval",
     .default_text = "200 ms",
     .description =
         "How often periodic watermark generators are asked for a watermark. 0: never."}};
inline constexpr Setting<milliseconds> kHeartbeatInterval{
    {.key = "heartbeat.interval",
     .default_text = "10 s",
     .minimum = 1,
     .description = "How often processes show each other that they live."}};
inline constexpr Setting<milliseconds> kHeartbeatTimeout{
    {.key = "heartbeat.timeout",
     .default_text = "50 s",
     .minimum = 1,
     .description =
         "Silence after which a process counts as lost although its connection stands."}};
inline constexpr Setting<milliseconds> kSlotRequestTimeout{
    {.key = "slot.request.timeout",
     .default_text = "5 min",
     .description = "How long a job waits for slots before it fails."}};
inline constexpr Setting<milliseconds> kTaskCancellationTimeout{
    {.key = "task.cancellation.timeout",
     .default_text = "3 min",
     .description = "Grace for a worker to cancel its tasks before it is killed (SIGKILL)."}};
inline constexpr Setting<milliseconds> kTaskStuckThreshold{
    {.key = "task.stuck-threshold",
     .default_text = "10 s",
     .stability = kEvolving,
     .minimum = 1,
     .description = "A task whose step takes longer than this is named in the status of its job."}};
inline constexpr Setting<std::string> kWebUploadDirectory{
    {.key = "web.upload.dir",
     .has_default = kNoDefault,
     .description = "Folder for uploaded plugins. Unset: a folder in process.working-dir."}};
inline constexpr Setting<MemorySize> kWebUploadMaxSize{
    {.key = "web.upload.max-size",
     .default_text = "256 mb",
     .stability = kEvolving,
     .minimum = 1,
     .description = "Largest plugin that is accepted."}};
inline constexpr Setting<std::int64_t> kWebExceptionHistorySize{
    {.key = "web.exception-history-size",
     .default_text = "16",
     .maximum = 65536,
     .description = "Failures of a job that the REST API remembers."}};
inline constexpr Setting<std::string> kProcessWorkingDirectory{
    {.key = "process.working-dir",
     .has_default = kNoDefault,
     .description =
         "Folder for everything that a server keeps on local disk. Unset: a fresh temporary one."}};
inline constexpr Setting<std::string> kLogDirectory{
    {.key = "env.log.dir",
     .has_default = kNoDefault,
     .description = "Folder for log files. Unset: servers log to standard error."}};
inline constexpr Setting<weir::LogLevel> kLogLevel{
    {.key = "log.level",
     .default_text = "info",
     .description = "Lines below this level are not logged."}};
inline constexpr Setting<LogFormat> kLogFormat{
    {.key = "log.format",
     .default_text = "text",
     .description = "A line of text or a JSON object (time, level, logger, message) for each."}};
inline constexpr Setting<bool> kAllowUnauthenticatedRemote{
    {.key = "security.allow-unauthenticated-remote",
     .default_text = "false",
     .description = "Lets servers bind to addresses that other machines reach, although whoever "
                    "reaches them can run code."}};
inline constexpr Setting<HighAvailabilityType> kHighAvailability{
    {.key = "high-availability.type",
     .default_text = "none",
     .description = "Where the JobManager keeps what a restarted one needs to recover its jobs."}};
inline constexpr Setting<std::string> kHighAvailabilityStorageDirectory{
    {.key = "high-availability.storageDir",
     .has_default = kNoDefault,
     .description = "Folder of the metadata store of type file."}};
inline constexpr Setting<std::string> kHighAvailabilityClusterId{
    {.key = "high-availability.cluster-id",
     .default_text = "default",
     .description = "Name of the cluster, to keep several apart in one store."}};

}  // namespace settings

}  // namespace weir
