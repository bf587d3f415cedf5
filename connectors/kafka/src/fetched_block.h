// Records on their way from the fetching thread to the task.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <weir/connectors/kafka_record.h>
#include <weir/connectors/kafka_split.h>
#include <weir/status.h>

struct rd_kafka_message_s;

namespace weir::kafka {

// Owned by one thread at a time.
struct FetchedBlock {
  // Neighbouring records of one split, which begin where the run before ended.
  struct Run {
    std::uint32_t split = 0;       // index into the reader's splits
    std::size_t end = 0;           // index behind the run's last record
    std::int64_t next_offset = 0;  // of the split, when the run is read
    bool finished = false;         // that is, or is beyond, the split's stopping offset
  };

  std::vector<rd_kafka_message_s*> messages;  // what the records point into
  std::vector<KafkaRecord> records;
  std::vector<Run> runs;
  std::size_t bytes = 0;
  Status failure;  // nothing follows this block when it is not ok

  FetchedBlock() = default;
  FetchedBlock(const FetchedBlock&) = delete;
  FetchedBlock& operator=(const FetchedBlock&) = delete;
  ~FetchedBlock() { Clear(); }

  bool empty() const { return records.empty() && runs.empty() && failure.ok(); }
  // Gives the messages back to librdkafka; keeps the memory of the lists.
  void Clear();
};

// A reader's splits with their progress: what of the blocks has been read.
class SplitProgress {
 public:
  void Add(std::vector<KafkaSplit> splits);
  // The first `read` records of the block have been read.
  void Apply(const FetchedBlock& block, std::size_t read);
  std::size_t size() const { return splits_.size(); }
  bool AllFinished() const { return finished_count_ == splits_.size(); }
  const std::vector<KafkaSplit>& all() const { return splits_; }
  // Those that are not finished.
  std::vector<KafkaSplit> Unfinished() const;

 private:
  std::vector<KafkaSplit> splits_;
  std::vector<bool> finished_;
  std::size_t finished_count_ = 0;
};

}  // namespace weir::kafka
