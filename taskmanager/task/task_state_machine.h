// The life of one attempt of a subtask, without threads.
//
//   CREATED → DEPLOYING → INITIALIZING → RUNNING → FINISHED
// A cancel leads over CANCELING to CANCELED; an error leads to FAILED. Once the chain may have been
// opened, both wait until it has been closed, so that a terminal state means: nothing of the
// attempt runs any more. The first error wins; an error while canceling does not make a canceled
// task fail.
//
// Not thread-safe: its owner guards it.
#pragma once

#include <cstdint>
#include <string_view>

#include <weir/status.h>

#include "taskmanager/task/task_description.h"

namespace weir::task {

enum class TaskEvent : std::uint8_t {
  kDeployed,         // incoming channels are registered
  kStarted,          // its outgoing channels are there; the chain will be made and opened
  kOpened,           // Open() returned ok
  kEnded,            // everything is emitted and handed on
  kCancelRequested,  // from outside
  kErred,            // anything went wrong
  kClosed,           // Close() returned, or there is no chain to close
};

class TaskStateMachine {
 public:
  // `error` goes with kErred, and with kClosed when Close() failed. An event that makes no sense in
  // the present state changes nothing. True: state() is another one now.
  bool Handle(TaskEvent event, const Status& error = Status::Ok());

  TaskState state() const { return state_; }
  // Whether the chain is to be stepped: only then.
  bool running() const { return state_ == TaskState::kRunning && !closing_; }
  // Whether the chain must be closed as soon as no thread runs it; then kClosed.
  bool closing() const { return closing_; }
  // Of a failed task, or one that will be FAILED once closed.
  const Status& failure() const { return failure_; }

 private:
  bool CancelRequested();
  bool Erred(const Status& error);
  bool Closed(const Status& error);
  bool Enter(TaskState state);
  bool opened_or_opening() const {
    return state_ == TaskState::kInitializing || state_ == TaskState::kRunning;
  }

  TaskState state_ = TaskState::kCreated;
  bool closing_ = false;
  Status failure_;
};

}  // namespace weir::task
