#include <utility>

#include <weir/connectors/internal/kafka_write_session.h>

#include "connectors/kafka/src/record_producer.h"

namespace weir::kafka::internal {

class KafkaWriteSession::Implementation {
 public:
  std::unique_ptr<RecordProducer> producer;
};

KafkaWriteSession::KafkaWriteSession(KafkaSinkOptions options) : options_(std::move(options)) {}

KafkaWriteSession::~KafkaWriteSession() {
  Close();
}

Status KafkaWriteSession::Open(SinkWriterContext& context, PartitionerFunction function,
                               const void* partitioner) {
  WEIR_RETURN_IF_ERROR(ValidateSink(options_));
  auto implementation = std::make_unique<Implementation>();
  WEIR_ASSIGN_OR_RETURN(implementation->producer,
                        RecordProducer::Start(options_, context, function, partitioner));
  implementation_ = std::move(implementation);
  return Status::Ok();
}

Result<WriteStatus> KafkaWriteSession::CheckRoom() {
  DeliveryAccount& account = implementation_->producer->account();
  if (account.failed()) return account.failure();
  return account.HasRoom() ? WriteStatus::kAccepted : WriteStatus::kNotReady;
}

Result<WriteStatus> KafkaWriteSession::Write(const KafkaProducerRecord& record) {
  return implementation_->producer->Write(record);
}

Result<FlushStatus> KafkaWriteSession::Flush(bool end_of_input) {
  DeliveryAccount& account = implementation_->producer->account();
  const bool all_settled = account.AllSettled();
  if (account.failed()) return account.failure();
  if (all_settled) return FlushStatus::kDone;
  if (options_.delivery == KafkaDelivery::kNone && !end_of_input) return FlushStatus::kDone;
  implementation_->producer->RequestFlush();
  return FlushStatus::kPending;
}

void KafkaWriteSession::Close() {
  implementation_.reset();
}

}  // namespace weir::kafka::internal
