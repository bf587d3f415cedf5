#include <algorithm>
#include <utility>

#include <weir/connectors/internal/kafka_read_session.h>

#include "connectors/kafka/src/checkpoint_offsets.h"
#include "connectors/kafka/src/client_defaults.h"
#include "connectors/kafka/src/fetched_block.h"
#include "connectors/kafka/src/split_fetcher.h"

namespace weir::kafka::internal {

class KafkaReadSession::Implementation {
 public:
  SourceReaderContext* context = nullptr;
  std::shared_ptr<weir::internal::Availability> availability;
  std::unique_ptr<SplitFetcher> fetcher;
  std::unique_ptr<FetchedBlock> block;       // that the reader is reading
  std::size_t run = 0;                       // of the block: the one that is being read
  std::vector<std::uint32_t> split_outputs;  // by split
  SplitProgress progress;
  CheckpointOffsets checkpoint_offsets;

  // Destroyed in this order: a fetcher wants its blocks back first.
  ~Implementation() { GiveBack(); }
  void GiveBack() {
    if (block != nullptr) fetcher->GiveBack(std::move(block));
  }
  // Index of the first record of the run that is being read.
  std::size_t RunBegin() const { return run == 0 ? 0 : block->runs[run - 1].end; }
  // The run that is being read has been read.
  void FinishRun() {
    const FetchedBlock::Run& read = block->runs[run];
    if (read.finished) context->ReleaseSplitOutput(split_outputs[read.split]);
    ++run;
  }
};

KafkaReadSession::KafkaReadSession(KafkaSourceOptions options) : options_(std::move(options)) {}

KafkaReadSession::~KafkaReadSession() {
  Close();
}

Status KafkaReadSession::Open(SourceReaderContext& context) {
  WEIR_RETURN_IF_ERROR(ValidateSource(options_));
  auto implementation = std::make_unique<Implementation>();
  implementation->context = &context;
  implementation->availability = context.availability();
  WEIR_ASSIGN_OR_RETURN(implementation->fetcher, SplitFetcher::Start(options_, context));
  implementation_ = std::move(implementation);
  return Status::Ok();
}

void KafkaReadSession::AddSplits(std::vector<KafkaSplit> splits) {
  for (std::size_t i = 0; i < splits.size(); ++i) {
    implementation_->split_outputs.push_back(implementation_->context->CreateSplitOutput());
  }
  implementation_->progress.Add(splits);
  implementation_->fetcher->AddSplits(std::move(splits));
}

void KafkaReadSession::PauseOrResumeSplits(const std::vector<std::uint32_t>& pause,
                                           const std::vector<std::uint32_t>& resume) {
  const auto splits_of = [&](const std::vector<std::uint32_t>& outputs) {
    std::vector<std::uint32_t> splits;
    for (const std::uint32_t output : outputs) {
      // The newest one: the number of an output that was released is used again.
      const auto& all = implementation_->split_outputs;
      const auto found = std::find(all.rbegin(), all.rend(), output);
      if (found != all.rend()) {
        splits.push_back(static_cast<std::uint32_t>(all.rend() - found - 1));
      }
    }
    return splits;
  };
  implementation_->fetcher->PauseOrResume(splits_of(pause), splits_of(resume));
}

void KafkaReadSession::NoMoreSplits() {
  no_more_splits_ = true;
  // A reader that has read everything, or never got anything, can say so now.
  implementation_->availability->NotifyAvailable();
}

Result<KafkaReadSession::Run> KafkaReadSession::NextRun() {
  Implementation& session = *implementation_;
  bool reading = session.block != nullptr;
  while (true) {
    if (session.block != nullptr) {
      const FetchedBlock& block = *session.block;
      if (reading && session.run < block.runs.size()) session.FinishRun();
      reading = true;
      if (session.run < block.runs.size()) {
        const std::size_t begin = session.RunBegin();
        const FetchedBlock::Run& run = block.runs[session.run];
        if (run.end == begin) continue;
        return Run{std::span(block.records).subspan(begin, run.end - begin),
                   session.split_outputs[run.split]};
      }
      session.progress.Apply(block, block.records.size());
      if (!block.failure.ok()) return block.failure;
      session.GiveBack();
    }
    session.block = session.fetcher->TakeBlock();
    if (session.block == nullptr) return Run();
    session.run = 0;
    reading = false;
  }
}

bool KafkaReadSession::AtEnd() const {
  return no_more_splits_ && implementation_->progress.AllFinished();
}

std::vector<KafkaSplit> KafkaReadSession::Snapshot(std::uint64_t checkpoint_id,
                                                   std::size_t read_of_run) {
  SplitProgress progress = implementation_->progress;
  if (implementation_->block != nullptr) {
    progress.Apply(*implementation_->block, implementation_->RunBegin() + read_of_run);
  }
  if (CommitsOffsets(options_)) {
    implementation_->checkpoint_offsets.Snapshot(checkpoint_id, progress.all());
  }
  return progress.Unfinished();
}

void KafkaReadSession::CheckpointComplete(std::uint64_t checkpoint_id) {
  std::vector<KafkaSplit> news = implementation_->checkpoint_offsets.Complete(checkpoint_id);
  if (!news.empty()) implementation_->fetcher->Commit(std::move(news));
}

void KafkaReadSession::Close() {
  implementation_.reset();
}

}  // namespace weir::kafka::internal
