#include <utility>

#include <weir/connectors/internal/kafka_read_session.h>

#include "connectors/kafka/src/fetched_block.h"
#include "connectors/kafka/src/split_fetcher.h"

namespace weir::kafka::internal {

class KafkaReadSession::Implementation {
 public:
  std::shared_ptr<weir::internal::Availability> availability;
  std::unique_ptr<SplitFetcher> fetcher;
  std::unique_ptr<FetchedBlock> block;  // that the reader is reading
  SplitProgress progress;

  // Destroyed in this order: a fetcher wants its blocks back first.
  ~Implementation() { GiveBack(); }
  void GiveBack() {
    if (block != nullptr) fetcher->GiveBack(std::move(block));
  }
};

KafkaReadSession::KafkaReadSession(KafkaSourceOptions options) : options_(std::move(options)) {}

KafkaReadSession::~KafkaReadSession() {
  Close();
}

Status KafkaReadSession::Open(SourceReaderContext& context) {
  WEIR_RETURN_IF_ERROR(ValidateSource(options_));
  auto implementation = std::make_unique<Implementation>();
  implementation->availability = context.availability();
  WEIR_ASSIGN_OR_RETURN(implementation->fetcher, SplitFetcher::Start(options_, context));
  implementation_ = std::move(implementation);
  return Status::Ok();
}

void KafkaReadSession::AddSplits(std::vector<KafkaSplit> splits) {
  implementation_->progress.Add(splits);
  implementation_->fetcher->AddSplits(std::move(splits));
}

void KafkaReadSession::NoMoreSplits() {
  no_more_splits_ = true;
  // A reader that has read everything, or never got anything, can say so now.
  implementation_->availability->NotifyAvailable();
}

Result<std::span<const KafkaRecord>> KafkaReadSession::NextBlock() {
  Implementation& session = *implementation_;
  while (true) {
    if (session.block != nullptr) {
      session.progress.Apply(*session.block, session.block->records.size());
      if (!session.block->failure.ok()) return session.block->failure;
      session.GiveBack();
    }
    session.block = session.fetcher->TakeBlock();
    if (session.block == nullptr) return std::span<const KafkaRecord>();
    if (!session.block->records.empty())
      return std::span<const KafkaRecord>(session.block->records);
  }
}

bool KafkaReadSession::AtEnd() const {
  return no_more_splits_ && implementation_->progress.AllFinished();
}

std::vector<KafkaSplit> KafkaReadSession::Snapshot(std::size_t read_of_block) const {
  SplitProgress progress = implementation_->progress;
  if (implementation_->block != nullptr) progress.Apply(*implementation_->block, read_of_block);
  return progress.Unfinished();
}

void KafkaReadSession::Close() {
  implementation_.reset();
}

}  // namespace weir::kafka::internal
