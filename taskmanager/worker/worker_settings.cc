#include "taskmanager/worker/worker_settings.h"

#include <algorithm>
#include <string_view>

#include "common/settings.h"

namespace weir::worker {
namespace {

// The job's folder in it; empty where there is none. The JobManager has checked that it is an
// absolute path or "file:///…" before it started the job.
std::string CheckpointDirectoryOf(const std::string& job_id, const Configuration& configuration) {
  constexpr std::string_view kFileScheme = "file://";
  if (!configuration.IsSet(settings::kCheckpointingDirectory)) return "";
  const std::string setting = configuration.Get(settings::kCheckpointingDirectory);
  std::string_view path = setting;
  if (path.starts_with(kFileScheme)) path.remove_prefix(kFileScheme.size());
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path) + "/" + job_id;
}

// Of all stores of the worker; the TaskManager's memory is divided by slots, whichever job has
// them.
std::uint64_t StoreMemoryOf(std::uint32_t job_slots, const Configuration& configuration) {
  if (const auto fixed = configuration.Find(settings::kRocksDbMemory)) {
    return static_cast<std::uint64_t>(fixed->bytes);
  }
  const state::RocksDbMemoryOptions defaults;
  const auto process = configuration.Find(settings::kTaskManagerMemoryProcessSize);
  if (!process) return defaults.memory_bytes;
  const double part = configuration.Get(settings::kManagedMemoryFraction) * job_slots /
                      static_cast<double>(configuration.Get(settings::kTaskManagerSlots));
  constexpr std::uint64_t kLeastBytes = 1 << 20;
  return std::max(kLeastBytes,
                  static_cast<std::uint64_t>(static_cast<double>(process->bytes) * part));
}

state::RocksDbTableOptions TableOptionsOf(const Configuration& configuration) {
  state::RocksDbTableOptions table;
  const auto bytes = [&](const Setting<MemorySize>& setting) {
    return static_cast<std::uint64_t>(configuration.Get(setting).bytes);
  };
  table.writebuffer_size_bytes = bytes(settings::kRocksDbWriteBufferSize);
  table.writebuffer_count = static_cast<int>(configuration.Get(settings::kRocksDbWriteBufferCount));
  table.writebuffer_number_to_merge =
      static_cast<int>(configuration.Get(settings::kRocksDbWriteBuffersToMerge));
  table.block_blocksize_bytes = bytes(settings::kRocksDbBlockSize);
  table.use_bloom_filter = configuration.Get(settings::kRocksDbUseBloomFilter);
  table.bloom_filter_bits_per_key = configuration.Get(settings::kRocksDbBloomFilterBits);
  table.compaction_level_target_file_size_bytes = bytes(settings::kRocksDbTargetFileSize);
  table.compaction_level_max_size_level_bytes = bytes(settings::kRocksDbMaxLevelSize);
  table.compaction_level_use_dynamic_size = configuration.Get(settings::kRocksDbDynamicLevelSize);
  table.compaction_style = static_cast<state::RocksDbCompactionStyle>(
      configuration.Get(settings::kRocksDbCompactionStyle));
  table.compression_per_level.clear();
  for (const std::string& name : configuration.Get(settings::kRocksDbCompression)) {
    const auto found = std::ranges::find(kRocksDbCompressionNames, name);
    table.compression_per_level.push_back(
        static_cast<state::RocksDbCompression>(found - kRocksDbCompressionNames.begin()));
  }
  return table;
}

state::StoreBackendOptions StoreBackendOptionsOf(const WorkerIdentity& identity,
                                                 std::uint32_t job_slots,
                                                 const Configuration& configuration) {
  state::StoreBackendOptions options;
  options.local_directory = configuration.Find(settings::kRocksDbLocalDirectory).value_or("");
  options.worker_id = identity.worker_id;
  options.memory = {
      .memory_bytes = StoreMemoryOf(job_slots, configuration),
      .write_buffer_ratio = configuration.Get(settings::kRocksDbWriteBufferRatio),
      .high_prio_pool_ratio = configuration.Get(settings::kRocksDbHighPriorityPoolRatio),
      .thread_num = static_cast<int>(configuration.Get(settings::kRocksDbThreads))};
  options.rocksdb.table = TableOptionsOf(configuration);
  options.rocksdb.cache = {
      .entries = static_cast<std::uint64_t>(configuration.Get(settings::kRocksDbCacheEntries)),
      .overdraft_entries =
          static_cast<std::uint64_t>(configuration.Get(settings::kRocksDbCacheOverdraftEntries))};
  options.rocksdb.files_open = static_cast<int>(configuration.Get(settings::kRocksDbOpenFiles));
  options.rocksdb.write_batch_size_bytes =
      static_cast<std::uint64_t>(configuration.Get(settings::kRocksDbWriteBatchSize).bytes);
  for (const Setting<bool>* const metric : settings::kRocksDbMetrics) {
    if (!configuration.Get(*metric)) continue;
    options.rocksdb.metrics.emplace_back(metric->key.substr(settings::kRocksDbMetricPrefix.size()));
  }
  return options;
}

}  // namespace

task::TaskEngineOptions EngineOptionsOf(const WorkerIdentity& identity, const WorkerSlots& slots,
                                        const Configuration& configuration) {
  return {.worker_id = identity.worker_id,
          .job_id = identity.job_id,
          .slot_count = slots.count,
          .credits_per_channel =
              static_cast<std::uint32_t>(configuration.Get(settings::kCreditsPerChannel)),
          .overdraft_batches =
              static_cast<std::uint32_t>(configuration.Get(settings::kOverdraftBuffers)),
          .buffer_timeout_ms = configuration.Get(settings::kBufferTimeout).count(),
          .auto_watermark_interval_ms = configuration.Get(settings::kAutoWatermarkInterval).count(),
          .maximum_batch_records =
              static_cast<std::uint32_t>(configuration.Get(settings::kMaximumBatchRecords)),
          .checkpoints_enabled = configuration.IsSet(settings::kCheckpointingInterval),
          .exactly_once =
              configuration.Get(settings::kCheckpointingMode) == CheckpointingMode::kExactlyOnce,
          .maximum_channel_state_bytes = static_cast<std::uint64_t>(
              configuration.Get(settings::kCheckpointingMaximumChannelState).bytes),
          .checkpoint_directory = CheckpointDirectoryOf(identity.job_id, configuration),
          .inline_state_bytes = static_cast<std::size_t>(
              configuration.Get(settings::kCheckpointingInlineThreshold).bytes),
          .keyed_state_in_stores =
              configuration.Get(settings::kStateBackend) == StateBackendType::kRocksDb,
          .store_backend = StoreBackendOptionsOf(identity, slots.of_job, configuration),
          .uploads = configuration.Get(settings::kCheckpointingIncremental)
                         ? state::StoreUploads::Mode::kIncremental
                         : state::StoreUploads::Mode::kFull};
}

bool SubtasksRestart(const Configuration& configuration) {
  // Where either is set the JobManager has said so: it sends its own settings of the job. What is
  // set in this process's file alone may be wrong in one direction only, that of keeping too much.
  return configuration.IsSet(settings::kCheckpointingInterval) ||
         configuration.Find(settings::kRestartStrategy).value_or(RestartStrategyType::kNone) !=
             RestartStrategyType::kNone;
}

network::JobIdentity JobIdentityOf(const WorkerIdentity& identity) {
  return {.cluster_id = identity.cluster_id,
          .job_id = identity.job_id,
          .job_epoch = identity.job_epoch,
          .leader_epoch = identity.leader_epoch,
          .leader_session_id = identity.leader_id,
          .credential = ""};
}

network::NetworkOptions NetworkOptionsOf(const Configuration& configuration) {
  const auto credits = static_cast<std::uint32_t>(configuration.Get(settings::kCreditsPerChannel));
  return {.credits = {.exclusive = credits, .maximum_floating = credits}};
}

}  // namespace weir::worker
