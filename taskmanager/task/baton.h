// The right to step a slot's tasks, as a state machine without threads.
//
// At any time at most one thread holds the baton. The holder runs the slot's loop. A thread whose
// user call overflows parks inside that call (it keeps its stack and is then called a *frame*) and
// the baton goes to another thread: the spare, if there is one, else a thread that is started.
// Between two steps the holder may grant the baton back to a parked frame; the holder is in no step
// then, so it becomes the spare, or leaves when there is one. Nothing nests: a frame resumes
// whenever it is granted, whatever other frames wait for.
//
//   ABSENT --Start--> STARTING --Arrive--> HELD --Park--> HELD by the spare, or STARTING
//                                          HELD --Grant--> HELD by the frame
//                                          HELD --Leave--> ABSENT
//
// Threads of a slot = parked frames + the holder (or the one being started) + at most one spare.
//
// Not thread-safe: the slot guards it with its mutex.
#pragma once

#include <cstdint>

namespace weir::task {

class Baton {
 public:
  enum class State : std::uint8_t {
    kAbsent,    // no thread; no task, no frame
    kStarting,  // a thread is on its way
    kHeld,
  };
  enum class Effect : std::uint8_t {
    kNone,
    kStartThread,   // start a thread that calls Arrive()
    kWakeSpare,     // the spare holds the baton now
    kWaitAsSpare,   // the caller waits until it is the one to be woken or dismissed
    kLeave,         // the caller leaves the slot
    kDismissSpare,  // the spare leaves the slot
  };

  // There is work. Any thread.
  Effect Start();
  // The thread that was asked for takes the baton.
  void Arrive();
  // No thread could be started after kStartThread. After Start(): back to absent. After Park(): the
  // frame holds the baton still.
  void StartFailed();
  // The holder parks inside a step.
  Effect Park();
  // The holder, between steps, hands the baton to a parked frame.
  Effect Grant();
  // The holder leaves: nothing is left to step. No frame may be parked. The caller leaves whatever
  // is answered: kNone or kDismissSpare.
  Effect Leave();

  State state() const { return state_; }
  bool has_spare() const { return has_spare_; }
  std::uint32_t parked_frames() const { return parked_frames_; }

 private:
  State state_ = State::kAbsent;
  bool has_spare_ = false;
  bool start_follows_park_ = false;
  std::uint32_t parked_frames_ = 0;
};

}  // namespace weir::task
