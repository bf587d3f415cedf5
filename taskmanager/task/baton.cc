#include "taskmanager/task/baton.h"

#include <cassert>

namespace weir::task {

Baton::Effect Baton::Start() {
  if (state_ != State::kAbsent) return Effect::kNone;
  state_ = State::kStarting;
  start_follows_park_ = false;
  return Effect::kStartThread;
}

void Baton::Arrive() {
  assert(state_ == State::kStarting);
  state_ = State::kHeld;
}

void Baton::StartFailed() {
  assert(state_ == State::kStarting);
  if (start_follows_park_) {
    --parked_frames_;
    state_ = State::kHeld;
  } else {
    state_ = State::kAbsent;
  }
}

Baton::Effect Baton::Park() {
  assert(state_ == State::kHeld);
  ++parked_frames_;
  if (has_spare_) {
    has_spare_ = false;
    return Effect::kWakeSpare;
  }
  state_ = State::kStarting;
  start_follows_park_ = true;
  return Effect::kStartThread;
}

Baton::Effect Baton::Grant() {
  assert(state_ == State::kHeld && parked_frames_ > 0);
  --parked_frames_;
  if (has_spare_) return Effect::kLeave;
  has_spare_ = true;
  return Effect::kWaitAsSpare;
}

Baton::Effect Baton::Leave() {
  assert(state_ == State::kHeld && parked_frames_ == 0);
  state_ = State::kAbsent;
  if (!has_spare_) return Effect::kNone;
  has_spare_ = false;
  return Effect::kDismissSpare;
}

}  // namespace weir::task
