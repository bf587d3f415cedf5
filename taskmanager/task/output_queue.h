// What an output channel holds back for want of credit or room, in order. Control elements that say
// the same as an older one are merged, so that their number is bounded by that of the batches:
// between two batches (or barriers) stand at most one watermark and one watermark status.
//
// Single-threaded.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include <weir/internal/batch.h>
#include <weir/internal/control_element.h>

namespace weir::task {

class OutputQueue {
 public:
  struct Element {
    std::unique_ptr<internal::AnyBatch> batch;  // null: a control element
    internal::ControlElement control;
  };

  bool empty() const { return elements_.empty(); }
  std::uint32_t batch_count() const { return batch_count_; }
  std::uint64_t record_count() const { return record_count_; }

  void PushBatch(std::unique_ptr<internal::AnyBatch> batch);
  void PushControl(const internal::ControlElement& element);

  Element& front() { return elements_.front(); }
  // Removes the front and hands out its batch (or null).
  std::unique_ptr<internal::AnyBatch> PopFront();
  void Clear();

 private:
  std::deque<Element> elements_;
  std::uint32_t batch_count_ = 0;
  std::uint64_t record_count_ = 0;
};

}  // namespace weir::task
