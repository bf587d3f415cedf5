// DataStream::ExecuteAndCollect(): what a stream comes to, in a vector. For tests and small tools.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/data_stream.h>
#include <weir/internal/local_executor.h>
#include <weir/internal/stream_graph.h>
#include <weir/sink.h>
#include <weir/status.h>

namespace weir {

namespace internal {

// Keeps everything that its one writer gets; an attempt that starts again begins anew. The vector
// belongs to the writer until the job has ended.
template <class T>
class CollectSink {
 public:
  using Record = T;
  explicit CollectSink(std::shared_ptr<std::vector<T>> records) : records_(std::move(records)) {}

  class Writer final : public SinkWriter<T> {
   public:
    explicit Writer(std::shared_ptr<std::vector<T>> records) : records_(std::move(records)) {}
    Status Open(SinkWriterContext&) override {
      records_->clear();
      return Status::Ok();
    }
    Result<WriteStatus> Write(T& record, std::int64_t) override {
      records_->push_back(std::move(record));
      return WriteStatus::kAccepted;
    }
    Result<FlushStatus> Flush(bool) override { return FlushStatus::kDone; }

   private:
    const std::shared_ptr<std::vector<T>> records_;
  };

  std::string name() const { return "Data stream collect sink"; }
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(records_); }

 private:
  std::shared_ptr<std::vector<T>> records_;
};

}  // namespace internal

template <class T>
Result<std::vector<T>> DataStream<T>::ExecuteAndCollect(const std::string& job_name) const {
  auto records = std::make_shared<std::vector<T>>();
  const auto node = static_cast<std::uint32_t>(graph_->nodes.size());
  WEIR_RETURN_IF_ERROR(graph_->CheckBounded());
  SinkTo(internal::CollectSink<T>(records)).SetParallelism(1);
  const Result<JobExecutionResult> result = internal::ExecuteGraph(graph_, job_name);
  graph_->RemoveNodesFrom(node);
  if (!result.ok()) return result.status();
  if (!result->failure.ok()) return result->failure;
  return std::move(*records);
}

}  // namespace weir
