#include "taskmanager/task/finished_chain.h"

namespace weir::task {

Status FinishedChain::OnBatch(std::uint32_t, internal::AnyBatch&) {
  return Status::Internal("records came for a subtask that had ended before the job was restored");
}

Result<bool> FinishedChain::Finish() {
  Broadcast(internal::Watermark{internal::kMaximumWatermark});
  Broadcast(internal::EndOfInput());
  ended_ = true;
  return true;
}

void FinishedChain::Broadcast(const internal::ControlElement& element) {
  for (std::uint32_t output = 0; output < context_.output_count(); ++output) {
    for (std::uint32_t i = 0; i < context_.channel_count(output); ++i) {
      context_.channel(output, i).WriteControl(element);
    }
  }
}

}  // namespace weir::task
