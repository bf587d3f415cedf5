// One bidirectional stream with the JobManager, as the TaskManager and the worker see it: events go
// out in order, commands come in order. The seam that tests and the simulation replace.
#pragma once

#include <cstddef>
#include <functional>

#include <weir/status.h>

namespace weir::session {

// Where a stream's commands and its end arrive: always on the event loop that was given when it was
// opened. After the stream is destroyed, on that loop's thread, neither is called any more.
template <class Command>
struct StreamCallbacks {
  std::function<void(Command)> on_command;
  // Exactly once: the stream is gone and nothing follows. The status says why and names the
  // JobManager's address; ok when the JobManager ended it in good order.
  std::function<void(Status)> on_closed;
};

template <class Event>
class SessionStream {
 public:
  // Ends the stream; what was not sent is lost.
  virtual ~SessionStream() = default;

  // Queues an event. Any thread. Beyond a bound (kMaximumQueuedEvents: the JobManager does not
  // read) the stream is closed with RESOURCE_EXHAUSTED. Dropped when the stream is closed.
  virtual void Send(Event event) = 0;

  // Events that wait. Statistics are sent only when there are none, so that they coalesce. Any
  // thread.
  virtual std::size_t queued() const = 0;
};

inline constexpr std::size_t kMaximumQueuedEvents = 65'536;

}  // namespace weir::session
