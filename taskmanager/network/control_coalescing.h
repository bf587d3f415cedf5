// Which control elements replace the one before them, so that neither end of a channel collects
// what nobody needs.
#pragma once

#include <variant>

#include <weir/internal/control_element.h>

#include "taskmanager/network/byte_channel.h"

namespace weir::network {

// A watermark replaces a watermark, a status a status, when nothing stands between them. `last` is
// the last element of a queue; true: it is `element` now, which need not be queued.
inline bool CoalesceControl(std::variant<Buffer, internal::ControlElement>& last,
                            const internal::ControlElement& element) {
  auto* control = std::get_if<internal::ControlElement>(&last);
  if (control == nullptr || control->index() != element.index()) return false;
  if (!std::holds_alternative<internal::Watermark>(element) &&
      !std::holds_alternative<internal::WatermarkStatus>(element)) {
    return false;
  }
  *control = element;
  return true;
}

}  // namespace weir::network
