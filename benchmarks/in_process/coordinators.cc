#include "benchmarks/in_process/coordinators.h"

#include <cstdio>

namespace benchmarks {

using weir::Status;
using weir::internal::CompiledJob;

namespace {

class StandardErrorLogger final : public weir::Logger {
 public:
  bool Enabled(weir::LogLevel level) const override { return level >= weir::LogLevel::kWarning; }
  void Log(weir::LogLevel level, std::string_view message) override {
    if (!Enabled(level)) return;
    std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
  }
};

}  // namespace

// Timers are not offered: no source of a benchmark needs one.
class Coordinators::Context final : public weir::internal::CoordinatorContext {
 public:
  Context(std::uint32_t parallelism, std::function<void(std::uint32_t, std::string)> deliver)
      : parallelism_(parallelism), deliver_(std::move(deliver)) {}

  std::uint32_t parallelism() const override { return parallelism_; }
  void SendToSubtask(std::uint32_t subtask, std::string payload) override {
    deliver_(subtask, std::move(payload));
  }
  void Fail(Status status) override {
    if (failure.ok()) failure = std::move(status);
  }
  void RunBlocking(std::function<void()> work, std::function<void()> done) override {
    work();
    done();
  }
  void Schedule(std::int64_t, std::function<void()>) override {
    Fail(Status(weir::StatusCode::kUnsupported, "timers of coordinators within a process"));
  }
  weir::Logger& logger() override { return logger_; }

  Status failure;

 private:
  const std::uint32_t parallelism_;
  const std::function<void(std::uint32_t, std::string)> deliver_;
  StandardErrorLogger logger_;
};

Coordinators::Coordinators(const CompiledJob& job, Deliver deliver) {
  const auto& vertices = job.graph().vertices;
  for (std::uint32_t vertex = 0; vertex < vertices.size(); ++vertex) {
    const auto& operators = vertices[vertex].operators;
    for (std::uint32_t index = 0; index < operators.size(); ++index) {
      if (!operators[index].has_coordinator) continue;
      Hosted& hosted = hosted_[{vertex, index}];
      hosted.context = std::make_unique<Context>(
          vertices[vertex].parallelism,
          [deliver, vertex, index](std::uint32_t subtask, std::string payload) {
            deliver(vertex, index, subtask, std::move(payload));
          });
      hosted.coordinator = job.CreateCoordinator(vertex, index, *hosted.context);
    }
  }
}

Coordinators::~Coordinators() {
  for (auto& [place, hosted] : hosted_) hosted.coordinator->Close();
}

Status Coordinators::Start() {
  for (auto& [place, hosted] : hosted_) WEIR_RETURN_IF_ERROR(hosted.coordinator->Start());
  return Failure();
}

Status Coordinators::SubtaskReady(std::uint32_t vertex, std::uint32_t subtask) {
  for (auto& [place, hosted] : hosted_) {
    if (place.first != vertex) continue;
    WEIR_RETURN_IF_ERROR(hosted.coordinator->SubtaskReady(subtask, 0));
  }
  return Failure();
}

Status Coordinators::OnEvent(std::uint32_t vertex, std::uint32_t operator_index,
                             std::uint32_t subtask, std::string_view payload) {
  const auto found = hosted_.find({vertex, operator_index});
  if (found == hosted_.end()) return Status::Internal("an event for no coordinator");
  WEIR_RETURN_IF_ERROR(found->second.coordinator->OnEvent(subtask, payload));
  return Failure();
}

Status Coordinators::Failure() const {
  for (const auto& [place, hosted] : hosted_) WEIR_RETURN_IF_ERROR(hosted.context->failure);
  return Status::Ok();
}

}  // namespace benchmarks
