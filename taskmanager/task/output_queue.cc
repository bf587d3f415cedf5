#include "taskmanager/task/output_queue.h"

#include <utility>

namespace weir::task {

using internal::Watermark;
using internal::WatermarkStatus;

void OutputQueue::PushBatch(std::unique_ptr<internal::AnyBatch> batch) {
  ++batch_count_;
  record_count_ += batch->size();
  elements_.push_back({.batch = std::move(batch)});
}

void OutputQueue::PushControl(const internal::ControlElement& element) {
  // Watermarks only grow and statuses replace each other, so the newest of each kind since the last
  // batch or barrier says all there is to say.
  const bool replaces = std::holds_alternative<Watermark>(element) ||
                        std::holds_alternative<WatermarkStatus>(element);
  if (replaces) {
    for (auto older = elements_.rbegin(); older != elements_.rend(); ++older) {
      const bool mergeable =
          older->batch == nullptr && (std::holds_alternative<Watermark>(older->control) ||
                                      std::holds_alternative<WatermarkStatus>(older->control));
      if (!mergeable) break;
      if (older->control.index() != element.index()) continue;
      elements_.erase(std::next(older).base());
      break;
    }
  }
  elements_.push_back({.control = element});
}

std::unique_ptr<internal::AnyBatch> OutputQueue::PopFront() {
  std::unique_ptr<internal::AnyBatch> batch = std::move(elements_.front().batch);
  elements_.pop_front();
  if (batch != nullptr) {
    --batch_count_;
    record_count_ -= batch->size();
  }
  return batch;
}

void OutputQueue::Clear() {
  elements_.clear();
  batch_count_ = 0;
  record_count_ = 0;
}

}  // namespace weir::task
