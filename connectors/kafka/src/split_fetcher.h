// The thread that fetches for one reader.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <weir/connectors/internal/kafka_options.h>
#include <weir/connectors/kafka_split.h>
#include <weir/source.h>
#include <weir/status.h>

#include "connectors/kafka/src/fetched_block.h"
#include "connectors/kafka/src/kafka_client.h"
#include "connectors/kafka/src/offset_committer.h"

struct rd_kafka_queue_s;
struct rd_kafka_topic_s;

namespace weir::kafka {

// Owns the consumer. Its thread alone calls librdkafka: assigns new splits, takes messages from the
// consumer's queue in blocks and publishes them; the task takes blocks and gives them back. At most
// kBlocks blocks exist, and no further one is filled while kMaximumPublishedBytes wait.
class SplitFetcher {
 public:
  static constexpr std::size_t kBlocks = 4;
  static constexpr std::size_t kBlockRecords = 1024;
  static constexpr std::size_t kMaximumPublishedBytes = 4 << 20;

  // Starts the thread. The context outlives the fetcher.
  static Result<std::unique_ptr<SplitFetcher>> Start(const internal::KafkaSourceOptions& options,
                                                     SourceReaderContext& context);
  // Stops the thread. Every block must have been given back.
  ~SplitFetcher();
  SplitFetcher(const SplitFetcher&) = delete;
  SplitFetcher& operator=(const SplitFetcher&) = delete;

  // The task's thread. Splits are numbered from 0 in the order they are added.
  void AddSplits(std::vector<KafkaSplit> splits);
  // librdkafka drops what it has fetched of a paused split, and fetches it again later.
  void PauseOrResume(std::vector<std::uint32_t> pause, std::vector<std::uint32_t> resume);
  // The group is told of these offsets soon.
  void Commit(std::vector<KafkaSplit> splits);
  // The oldest published block, or null: the context's availability is notified when there is one.
  std::unique_ptr<FetchedBlock> TakeBlock();
  void GiveBack(std::unique_ptr<FetchedBlock> block);

 private:
  struct FetchedSplit {
    KafkaSplit split;       // next_offset: of the next record to be published
    bool assigned = false;  // librdkafka was told to read it
    bool finished = false;
  };
  // What the thread found to do.
  struct Work {
    bool stop = false;
    std::vector<KafkaSplit> new_splits;
    std::map<std::uint32_t, bool> paused;  // by split: to be paused, or resumed
    std::vector<KafkaSplit> committed;
    std::vector<std::unique_ptr<FetchedBlock>> used;
    std::unique_ptr<FetchedBlock> block;  // to be filled
  };

  explicit SplitFetcher(SourceReaderContext& context);
  void Run();
  Work WaitForWork();
  void Publish(std::unique_ptr<FetchedBlock> block);

  void AskForLeaders(const std::vector<KafkaSplit>& splits);
  void Assign(std::vector<KafkaSplit> splits);
  void Pause(const std::map<std::uint32_t, bool>& splits);
  void Fill(FetchedBlock& block);
  // Says what the message does to the block; the block keeps it when it holds a record.
  void AddMessage(FetchedBlock& block, rd_kafka_message_s* message);
  void HandleError(FetchedBlock& block, const rd_kafka_message_s* message, std::int64_t split);
  void Finish(FetchedBlock& block, std::uint32_t split, std::int64_t next_offset);
  void UnassignFinished(FetchedBlock& block);
  // -1: none of ours.
  std::int64_t SplitOf(const rd_kafka_message_s* message);
  void OnStatistics(std::string_view json);

  const std::shared_ptr<weir::internal::Availability> availability_;
  Gauge& queued_messages_;
  Gauge& queued_bytes_;
  Gauge& pending_records_;

  // The thread's own.
  std::unique_ptr<KafkaClient> client_;
  rd_kafka_queue_s* queue_ = nullptr;
  std::optional<OffsetCommitter> committer_;
  std::map<std::string, rd_kafka_topic_s*> topics_;
  std::vector<FetchedSplit> splits_;
  std::map<std::pair<std::string, std::int32_t>, std::uint32_t> split_indices_;
  std::size_t last_split_ = 0;                 // of the message before
  std::size_t active_splits_ = 0;              // not finished
  std::vector<std::uint32_t> empty_splits_;    // had nothing to read from the start
  std::vector<std::uint32_t> newly_finished_;  // to be unassigned

  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  bool stop_ = false;
  bool failed_ = false;
  std::vector<KafkaSplit> new_splits_;
  std::map<std::uint32_t, bool> new_paused_;  // the last word for each split
  std::vector<KafkaSplit> new_committed_;
  std::deque<std::unique_ptr<FetchedBlock>> published_;
  std::vector<std::unique_ptr<FetchedBlock>> used_;
  std::vector<std::unique_ptr<FetchedBlock>> free_;
  std::size_t published_bytes_ = 0;
  std::size_t published_records_ = 0;

  std::thread thread_;
};

}  // namespace weir::kafka
