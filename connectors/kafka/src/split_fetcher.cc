#include "connectors/kafka/src/split_fetcher.h"

#include <chrono>
#include <iterator>
#include <memory>
#include <utility>

#include <librdkafka/rdkafka.h>

#include "connectors/kafka/src/client_defaults.h"
#include "connectors/kafka/src/client_statistics.h"
#include "connectors/kafka/src/kafka_status.h"

namespace weir::kafka {
namespace {

// How long the thread waits at most before it serves librdkafka's callbacks again. Work wakes it at
// once.
constexpr int kWaitMs = 200;
constexpr int kLeadersMs = 1000;
// That the group hears of the last checkpoint is not worth a longer wait at the end of a task.
constexpr int kLastCommitMs = 300;

using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                      decltype(&rd_kafka_topic_partition_list_destroy)>;

PartitionList MakeList(std::size_t size) {
  return PartitionList(rd_kafka_topic_partition_list_new(static_cast<int>(size)),
                       &rd_kafka_topic_partition_list_destroy);
}

Status ErrorStatus(rd_kafka_error_t* error, const std::string& what) {
  if (error == nullptr) return Status::Ok();
  Status status =
      MakeKafkaStatus(rd_kafka_error_code(error), what + ": " + rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
  return status;
}

KafkaRecord ToRecord(const rd_kafka_message_t* message) {
  KafkaRecord record;
  if (message->key != nullptr)
    record.key.emplace(static_cast<const char*>(message->key), message->key_len);
  if (message->payload != nullptr) {
    record.value.emplace(static_cast<const char*>(message->payload), message->len);
  }
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp = rd_kafka_message_timestamp(message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) record.timestamp_ms = timestamp;
  record.topic = rd_kafka_topic_name(message->rkt);
  record.partition = message->partition;
  record.offset = message->offset;
  record.message = message;
  return record;
}

}  // namespace

SplitFetcher::SplitFetcher(SourceReaderContext& context)
    : availability_(context.availability()),
      queued_messages_(context.runtime().metrics().gauge("kafka.queuedMessages")),
      queued_bytes_(context.runtime().metrics().gauge("kafka.queuedBytes")),
      pending_records_(context.runtime().metrics().gauge("pendingRecords")) {
  for (std::size_t i = 0; i < kBlocks; ++i) free_.push_back(std::make_unique<FetchedBlock>());
}

Result<std::unique_ptr<SplitFetcher>> SplitFetcher::Start(
    const internal::KafkaSourceOptions& options, SourceReaderContext& context) {
  std::unique_ptr<SplitFetcher> fetcher(new SplitFetcher(context));
  ClientCallbacks callbacks;
  callbacks.on_statistics = [self = fetcher.get()](std::string_view json) {
    self->OnStatistics(json);
  };
  const std::string role = "reader-" + std::to_string(context.runtime().subtask_index());
  WEIR_ASSIGN_OR_RETURN(
      fetcher->client_,
      KafkaClient::Create(ClientType::kConsumer, options.client, ConsumerDefaults(options, role),
                          &context.runtime().logger(), std::move(callbacks)));
  // The client's main queue (logs, errors, statistics) is not forwarded to it: callbacks are served
  // also while no message may be taken.
  fetcher->queue_ = rd_kafka_queue_get_consumer(fetcher->client_->handle());
  if (fetcher->queue_ == nullptr) return Status::Internal("a Kafka consumer without a queue");
  fetcher->committer_.emplace(fetcher->client_->handle(), context.runtime().metrics(),
                              context.runtime().logger());
  fetcher->thread_ = std::thread([self = fetcher.get()] { self->Run(); });
  return fetcher;
}

SplitFetcher::~SplitFetcher() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_one();
    rd_kafka_queue_yield(queue_);
    thread_.join();
  }
  // Messages and queue go back before the client ends.
  published_.clear();
  used_.clear();
  free_.clear();
  for (const auto& [name, topic] : topics_) {
    if (topic != nullptr) rd_kafka_topic_destroy(topic);
  }
  committer_.reset();
  if (queue_ != nullptr) rd_kafka_queue_destroy(queue_);
}

void SplitFetcher::AddSplits(std::vector<KafkaSplit> splits) {
  {
    const std::lock_guard lock(mutex_);
    for (KafkaSplit& split : splits) new_splits_.push_back(std::move(split));
  }
  wake_.notify_one();
  rd_kafka_queue_yield(queue_);
}

void SplitFetcher::PauseOrResume(std::vector<std::uint32_t> pause,
                                 std::vector<std::uint32_t> resume) {
  {
    const std::lock_guard lock(mutex_);
    for (const std::uint32_t split : pause) new_paused_[split] = true;
    for (const std::uint32_t split : resume) new_paused_[split] = false;
  }
  wake_.notify_one();
  rd_kafka_queue_yield(queue_);
}

void SplitFetcher::Commit(std::vector<KafkaSplit> splits) {
  {
    const std::lock_guard lock(mutex_);
    std::move(splits.begin(), splits.end(), std::back_inserter(new_committed_));
  }
  wake_.notify_one();
  rd_kafka_queue_yield(queue_);
}

std::unique_ptr<FetchedBlock> SplitFetcher::TakeBlock() {
  const std::lock_guard lock(mutex_);
  if (published_.empty()) return nullptr;
  std::unique_ptr<FetchedBlock> block = std::move(published_.front());
  published_.pop_front();
  published_bytes_ -= block->bytes;
  published_records_ -= block->records.size();
  return block;
}

void SplitFetcher::GiveBack(std::unique_ptr<FetchedBlock> block) {
  {
    const std::lock_guard lock(mutex_);
    used_.push_back(std::move(block));
  }
  wake_.notify_one();
}

void SplitFetcher::Publish(std::unique_ptr<FetchedBlock> block) {
  {
    const std::lock_guard lock(mutex_);
    if (block->empty()) {
      free_.push_back(std::move(block));
      return;
    }
    failed_ = failed_ || !block->failure.ok();
    published_bytes_ += block->bytes;
    published_records_ += block->records.size();
    published_.push_back(std::move(block));
  }
  availability_->NotifyAvailable();
}

SplitFetcher::Work SplitFetcher::WaitForWork() {
  Work work;
  std::unique_lock lock(mutex_);
  const auto may_fill = [this] {
    return active_splits_ > 0 && !failed_ && published_bytes_ < kMaximumPublishedBytes &&
           !(free_.empty() && used_.empty());
  };
  wake_.wait_for(lock, std::chrono::milliseconds(kWaitMs), [&] {
    return stop_ || !new_splits_.empty() || !new_paused_.empty() || !new_committed_.empty() ||
           !used_.empty() || may_fill();
  });
  work.stop = stop_;
  work.new_splits.swap(new_splits_);
  work.paused.swap(new_paused_);
  work.committed.swap(new_committed_);
  if (may_fill()) {
    std::vector<std::unique_ptr<FetchedBlock>>& blocks = free_.empty() ? used_ : free_;
    work.block = std::move(blocks.back());
    blocks.pop_back();
  }
  work.used.swap(used_);
  return work;
}

void SplitFetcher::Run() {
  while (true) {
    Work work = WaitForWork();
    committer_->Commit(work.committed);
    if (work.stop) return committer_->Finish(kLastCommitMs);
    committer_->Poll(0);
    rd_kafka_poll(client_->handle(), 0);
    for (std::unique_ptr<FetchedBlock>& block : work.used) block->Clear();
    {
      const std::lock_guard lock(mutex_);
      for (std::unique_ptr<FetchedBlock>& block : work.used) free_.push_back(std::move(block));
    }
    if (!work.new_splits.empty()) Assign(std::move(work.new_splits));
    if (!work.paused.empty()) Pause(work.paused);
    if (work.block == nullptr) continue;
    work.block->Clear();
    Fill(*work.block);
    Publish(std::move(work.block));
  }
}

// A consumer that does not know a topic's leaders yet finds them at its next periodic scan, up to a
// second later: asked for directly they are there in milliseconds.
void SplitFetcher::AskForLeaders(const std::vector<KafkaSplit>& splits) {
  for (const KafkaSplit& split : splits) {
    if (topics_.contains(split.topic)) continue;
    rd_kafka_topic_t* topic = rd_kafka_topic_new(client_->handle(), split.topic.c_str(), nullptr);
    topics_.emplace(split.topic, topic);
    const rd_kafka_metadata_t* metadata = nullptr;
    // Only a short cut: what is wrong with the topic is said by reading it.
    if (topic == nullptr || rd_kafka_metadata(client_->handle(), 0, topic, &metadata, kLeadersMs) !=
                                RD_KAFKA_RESP_ERR_NO_ERROR) {
      return;
    }
    rd_kafka_metadata_destroy(metadata);
  }
}

void SplitFetcher::Assign(std::vector<KafkaSplit> splits) {
  AskForLeaders(splits);
  const PartitionList list = MakeList(splits.size());
  for (KafkaSplit& split : splits) {
    const auto index = static_cast<std::uint32_t>(splits_.size());
    split_indices_[{split.topic, split.partition}] = index;
    const bool empty = split.next_offset >= 0 && split.next_offset >= split.stopping_offset;
    if (!empty) {
      rd_kafka_topic_partition_list_add(list.get(), split.topic.c_str(), split.partition)->offset =
          split.next_offset == kEarliestOffset ? RD_KAFKA_OFFSET_BEGINNING : split.next_offset;
    }
    splits_.push_back({std::move(split), /*assigned=*/!empty, /*finished=*/false});
    ++active_splits_;
    if (empty) empty_splits_.push_back(index);  // the next block says that it is finished
  }
  if (list->cnt == 0) return;
  Status status = ErrorStatus(rd_kafka_incremental_assign(client_->handle(), list.get()),
                              "cannot read the assigned partitions");
  if (status.ok()) return;
  auto block = std::make_unique<FetchedBlock>();
  block->failure = std::move(status);
  Publish(std::move(block));
}

void SplitFetcher::Pause(const std::map<std::uint32_t, bool>& splits) {
  for (const bool pause : {true, false}) {
    const PartitionList list = MakeList(splits.size());
    for (const auto& [index, paused] : splits) {
      const FetchedSplit& state = splits_[index];
      if (paused != pause || !state.assigned || state.finished) continue;
      rd_kafka_topic_partition_list_add(list.get(), state.split.topic.c_str(),
                                        state.split.partition);
    }
    if (list->cnt == 0) continue;
    // Says nothing but that a partition is not there any more, partition by partition.
    const rd_kafka_resp_err_t error =
        pause ? rd_kafka_pause_partitions(client_->handle(), list.get())
              : rd_kafka_resume_partitions(client_->handle(), list.get());
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    auto block = std::make_unique<FetchedBlock>();
    block->failure = MakeKafkaStatus(error, pause ? "cannot pause partitions" : "cannot resume");
    Publish(std::move(block));
  }
}

void SplitFetcher::Fill(FetchedBlock& block) {
  for (const std::uint32_t split : empty_splits_) {
    Finish(block, split, splits_[split].split.next_offset);
  }
  empty_splits_.clear();
  if (active_splits_ == 0) return;
  // librdkafka waits until it has as many messages as it is asked for: so wait for one, then take
  // what is there.
  rd_kafka_message_t* messages[kBlockRecords];
  const int wait_ms = block.runs.empty() ? kWaitMs : 0;
  ssize_t count = rd_kafka_consume_batch_queue(queue_, wait_ms, messages, 1);
  if (count == 1) {
    count += rd_kafka_consume_batch_queue(queue_, 0, messages + 1, kBlockRecords - 1);
  }
  for (ssize_t i = 0; i < count; ++i) AddMessage(block, messages[i]);
  UnassignFinished(block);
}

void SplitFetcher::AddMessage(FetchedBlock& block, rd_kafka_message_s* message) {
  const std::int64_t index = message->rkt == nullptr ? -1 : SplitOf(message);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    HandleError(block, message, index);
    rd_kafka_message_destroy(message);
    return;
  }
  // Fetched ahead of the moment in which its split was unassigned.
  if (index < 0 || splits_[static_cast<std::size_t>(index)].finished) {
    rd_kafka_message_destroy(message);
    return;
  }
  const auto split = static_cast<std::uint32_t>(index);
  KafkaSplit& state = splits_[split].split;
  if (message->offset >= state.stopping_offset) {
    rd_kafka_message_destroy(message);
    Finish(block, split, state.stopping_offset);
    return;
  }
  block.messages.push_back(message);
  block.records.push_back(ToRecord(message));
  block.bytes += message->len + message->key_len;
  state.next_offset = message->offset + 1;
  if (block.runs.empty() || block.runs.back().split != split || block.runs.back().finished) {
    block.runs.push_back({split, 0, 0, false});
  }
  block.runs.back().end = block.records.size();
  block.runs.back().next_offset = state.next_offset;
  if (state.next_offset >= state.stopping_offset) Finish(block, split, state.next_offset);
}

void SplitFetcher::HandleError(FetchedBlock& block, const rd_kafka_message_s* message,
                               std::int64_t index) {
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (index < 0) return;
    const FetchedSplit& state = splits_[static_cast<std::size_t>(index)];
    // What lies before the stopping offset and was not delivered are transaction markers and
    // aborted records.
    if (!state.finished && message->offset >= state.split.stopping_offset) {
      Finish(block, static_cast<std::uint32_t>(index), message->offset);
    }
    return;
  }
  if (IsTransient(message->err) || !block.failure.ok()) return;  // librdkafka goes on by itself
  std::string text = "Kafka source: ";
  if (index >= 0) {
    const KafkaSplit& split = splits_[static_cast<std::size_t>(index)].split;
    text += "topic '" + split.topic + "' partition " + std::to_string(split.partition);
    if (split.next_offset >= 0) text += ", next offset " + std::to_string(split.next_offset);
    text += ": ";
  }
  text += rd_kafka_message_errstr(message);
  if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
    text +=
        "; the records there are gone or were never written (to skip instead of failing, set the "
        "property "
        "auto.offset.reset)";
  }
  block.failure = MakeKafkaStatus(message->err, std::move(text));
}

void SplitFetcher::Finish(FetchedBlock& block, std::uint32_t split, std::int64_t next_offset) {
  splits_[split].finished = true;
  --active_splits_;
  if (splits_[split].assigned) newly_finished_.push_back(split);
  block.runs.push_back({split, block.records.size(), next_offset, true});
}

void SplitFetcher::UnassignFinished(FetchedBlock& block) {
  if (newly_finished_.empty()) return;
  const PartitionList list = MakeList(newly_finished_.size());
  for (const std::uint32_t index : newly_finished_) {
    const KafkaSplit& split = splits_[index].split;
    rd_kafka_topic_partition_list_add(list.get(), split.topic.c_str(), split.partition);
  }
  newly_finished_.clear();
  Status status = ErrorStatus(rd_kafka_incremental_unassign(client_->handle(), list.get()),
                              "cannot stop reading partitions");
  if (block.failure.ok()) block.failure = std::move(status);
}

std::int64_t SplitFetcher::SplitOf(const rd_kafka_message_s* message) {
  const std::string_view topic = rd_kafka_topic_name(message->rkt);
  if (last_split_ < splits_.size()) {  // messages come in runs of one partition
    const KafkaSplit& last = splits_[last_split_].split;
    if (last.partition == message->partition && last.topic == topic) {
      return static_cast<std::int64_t>(last_split_);
    }
  }
  const auto found = split_indices_.find({std::string(topic), message->partition});
  if (found == split_indices_.end()) return -1;
  last_split_ = found->second;
  return found->second;
}

void SplitFetcher::OnStatistics(std::string_view json) {
  const ConsumerStatistics statistics = ReadConsumerStatistics(json);
  const std::lock_guard lock(mutex_);
  queued_messages_.Set(static_cast<double>(statistics.queued_messages) +
                       static_cast<double>(published_records_));
  queued_bytes_.Set(static_cast<double>(statistics.queued_bytes) +
                    static_cast<double>(published_bytes_));
  pending_records_.Set(static_cast<double>(statistics.pending_records));
}

}  // namespace weir::kafka
