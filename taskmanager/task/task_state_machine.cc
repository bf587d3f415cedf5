#include "taskmanager/task/task_state_machine.h"

namespace weir::task {

const char* ToString(TaskState state) {
  switch (state) {
    case TaskState::kCreated:
      return "CREATED";
    case TaskState::kDeploying:
      return "DEPLOYING";
    case TaskState::kInitializing:
      return "INITIALIZING";
    case TaskState::kRunning:
      return "RUNNING";
    case TaskState::kFinished:
      return "FINISHED";
    case TaskState::kCanceling:
      return "CANCELING";
    case TaskState::kCanceled:
      return "CANCELED";
    case TaskState::kFailed:
      return "FAILED";
  }
  return "UNKNOWN";
}

bool TaskStateMachine::Enter(TaskState state) {
  state_ = state;
  return true;
}

bool TaskStateMachine::Handle(TaskEvent event, const Status& error) {
  if (IsTerminal(state_)) return false;
  switch (event) {
    case TaskEvent::kDeployed:
      return state_ == TaskState::kCreated ? Enter(TaskState::kDeploying) : false;
    case TaskEvent::kStarted:
      return state_ == TaskState::kDeploying ? Enter(TaskState::kInitializing) : false;
    case TaskEvent::kOpened:
      if (state_ != TaskState::kInitializing || closing_) return false;
      return Enter(TaskState::kRunning);
    case TaskEvent::kEnded:
      if (!running()) return false;
      closing_ = true;
      return false;
    case TaskEvent::kCancelRequested:
      return CancelRequested();
    case TaskEvent::kErred:
      return Erred(error);
    case TaskEvent::kClosed:
      return Closed(error);
  }
  return false;
}

bool TaskStateMachine::CancelRequested() {
  if (state_ == TaskState::kCanceling || !failure_.ok()) return false;
  if (!opened_or_opening()) return Enter(TaskState::kCanceled);
  closing_ = true;
  return Enter(TaskState::kCanceling);
}

bool TaskStateMachine::Erred(const Status& error) {
  if (state_ == TaskState::kCanceling || !failure_.ok()) return false;
  failure_ = error;
  if (!opened_or_opening()) return Enter(TaskState::kFailed);
  closing_ = true;
  return false;
}

bool TaskStateMachine::Closed(const Status& error) {
  if (!closing_) return false;
  closing_ = false;
  if (state_ == TaskState::kCanceling) return Enter(TaskState::kCanceled);
  if (failure_.ok()) failure_ = error;
  return Enter(failure_.ok() ? TaskState::kFinished : TaskState::kFailed);
}

}  // namespace weir::task
