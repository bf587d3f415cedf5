#include "connectors/kafka/src/fetched_block.h"

#include <utility>

#include <librdkafka/rdkafka.h>

namespace weir::kafka {

void FetchedBlock::Clear() {
  for (rd_kafka_message_t* message : messages) rd_kafka_message_destroy(message);
  messages.clear();
  records.clear();
  runs.clear();
  bytes = 0;
  failure = Status::Ok();
}

void SplitProgress::Add(std::vector<KafkaSplit> splits) {
  for (KafkaSplit& split : splits) splits_.push_back(std::move(split));
  finished_.resize(splits_.size(), false);
}

void SplitProgress::Apply(const FetchedBlock& block, std::size_t read) {
  std::size_t begin = 0;
  for (const FetchedBlock::Run& run : block.runs) {
    if (read >= run.end) {
      splits_[run.split].next_offset = run.next_offset;
      if (run.finished && !finished_[run.split]) {
        finished_[run.split] = true;
        ++finished_count_;
      }
    } else if (read > begin) {
      splits_[run.split].next_offset = block.records[read - 1].offset + 1;
    }
    begin = run.end;
  }
}

std::vector<KafkaSplit> SplitProgress::Unfinished() const {
  std::vector<KafkaSplit> unfinished;
  for (std::size_t i = 0; i < splits_.size(); ++i) {
    if (!finished_[i]) unfinished.push_back(splits_[i]);
  }
  return unfinished;
}

}  // namespace weir::kafka
