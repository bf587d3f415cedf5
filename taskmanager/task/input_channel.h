// The receiving end of a channel as the input gate sees it, whether the sender is in this process
// or not.
#pragma once

#include <memory>

#include <weir/internal/batch.h>
#include <weir/internal/control_element.h>
#include <weir/status.h>

namespace weir::task {

// A batch, or a control element when there is no batch.
struct InputElement {
  std::unique_ptr<internal::AnyBatch> batch;
  internal::ControlElement control;
};

// Called by the task's thread only.
class InputChannel {
 public:
  virtual ~InputChannel() = default;
  // Whether Pop() may have something.
  virtual bool HasElement() const = 0;
  // Takes the next element, in order, and gives its credit back. False: there is no whole one
  // (yet).
  virtual Result<bool> Pop(InputElement& element) = 0;
  // Takes an emptied batch back, to be filled again.
  virtual void Recycle(std::unique_ptr<internal::AnyBatch> batch) = 0;
};

}  // namespace weir::task
