// Descriptors that a TaskManager hands down to its worker processes: a contract between
// taskmanager/supervisor, which starts them, and taskmanager/worker.
#pragma once

namespace weir::task {

// Connections of peers arrive through this unix socket (taskmanager/network/descriptor_passing.h).
inline constexpr int kDataSocketDescriptor = 3;
// The memory of the slot page (slot_page.h).
inline constexpr int kSlotPageDescriptor = 4;

}  // namespace weir::task
