// The part of a Kafka reader that knows no user type: a consumer, the thread that fetches for it,
// and the splits with their progress.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <weir/connectors/internal/kafka_options.h>
#include <weir/connectors/kafka_record.h>
#include <weir/connectors/kafka_split.h>
#include <weir/source.h>
#include <weir/status.h>

namespace weir::kafka::internal {

// All calls by the task's thread; none but Open and Close blocks. A thread of the session's own
// asks librdkafka for blocks of records and hands over at most a few of them (bounded in number and
// bytes); while the reader takes none, librdkafka's own queue fills up to
// `queued.max.messages.kbytes` and then fetching stops.
class KafkaReadSession {
 public:
  explicit KafkaReadSession(KafkaSourceOptions options);
  ~KafkaReadSession();
  KafkaReadSession(const KafkaReadSession&) = delete;
  KafkaReadSession& operator=(const KafkaReadSession&) = delete;

  Status Open(SourceReaderContext& context);
  void AddSplits(std::vector<KafkaSplit> splits);
  void NoMoreSplits();
  // By split output. What waits in blocks already is still read.
  void PauseOrResumeSplits(const std::vector<std::uint32_t>& pause,
                           const std::vector<std::uint32_t>& resume);

  // Records of one split.
  struct Run {
    std::span<const KafkaRecord> records;
    std::uint32_t split_output = kMainOutput;  // see SourceOutput::Select
  };
  // The next run of records, valid until the next call; the one before counts as read. Without
  // records: none is there now, and the context's availability is notified when that changes. An
  // error is about a named partition or the client, and ends reading.
  Result<Run> NextRun();
  // No more splits will come, and each was read to its stopping offset. Ask after a NextRun()
  // without records.
  bool AtEnd() const;
  // The splits that are not finished, when `read_of_run` records of the current run have been read.
  std::vector<KafkaSplit> Snapshot(std::uint64_t checkpoint_id, std::size_t read_of_run);
  // Tells the group of the offsets that the checkpoint holds, where the options say so.
  void CheckpointComplete(std::uint64_t checkpoint_id);
  // Stops the thread and the client. Bounded by what librdkafka needs to end its threads.
  void Close();

 private:
  class Implementation;

  const KafkaSourceOptions options_;
  bool no_more_splits_ = false;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace weir::kafka::internal
