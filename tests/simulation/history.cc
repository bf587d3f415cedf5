#include "tests/simulation/history.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "proto/session.pb.h"

namespace weir::simulation {
namespace {

std::string Attempt(const proto::TaskAttempt& task) {
  return " " + std::to_string(task.vertex()) + "/" + std::to_string(task.subtask()) + "#" +
         std::to_string(task.attempt());
}

// The name of the field that is set in a message's only oneof.
template <class Message>
const char* KindOf(const Message& message) {
  const auto* const field = message.GetReflection()->GetOneofFieldDescriptor(
      message, message.GetDescriptor()->oneof_decl(0));
  return field == nullptr ? "nothing" : field->name().c_str();
}

std::string DetailOf(const proto::WorkerCommand& command) {
  switch (command.command_case()) {
    case proto::WorkerCommand::kTriggerCheckpoint: {
      std::string text = " " + std::to_string(command.trigger_checkpoint().checkpoint_id()) + " at";
      for (const proto::TaskAttempt& task : command.trigger_checkpoint().tasks()) {
        text += Attempt(task);
      }
      return text;
    }
    case proto::WorkerCommand::kCheckpointCompleted:
      return " " + std::to_string(command.checkpoint_completed().checkpoint_id());
    case proto::WorkerCommand::kCheckpointAborted:
      return " " + std::to_string(command.checkpoint_aborted().checkpoint_id());
    case proto::WorkerCommand::kDeployTasks: {
      std::string text;
      for (const proto::TaskDeployment& task : command.deploy_tasks().tasks()) {
        text += " " + std::to_string(task.vertex()) + "/" + std::to_string(task.subtask()) + "#" +
                std::to_string(task.attempt());
        if (task.has_restore()) text += "@" + std::to_string(task.restore().checkpoint_id());
      }
      return text;
    }
    default:
      return "";
  }
}

std::string DetailOf(const proto::WorkerEvent& event) {
  switch (event.event_case()) {
    case proto::WorkerEvent::kTaskState:
      return Attempt(event.task_state().task()) + " " +
             proto::TaskState_Name(event.task_state().state()) + " " +
             event.task_state().failure().error().message();
    case proto::WorkerEvent::kCheckpointAcknowledged:
      return Attempt(event.checkpoint_acknowledged().task()) + " of " +
             std::to_string(event.checkpoint_acknowledged().checkpoint_id());
    case proto::WorkerEvent::kCheckpointDeclined:
      return Attempt(event.checkpoint_declined().task()) + " of " +
             std::to_string(event.checkpoint_declined().checkpoint_id()) + ": " +
             event.checkpoint_declined().error().message();
    case proto::WorkerEvent::kCheckpointRequested:
      return Attempt(event.checkpoint_requested().task());
    default:
      return "";
  }
}

}  // namespace

void History::Mix(const std::string& text) {
  for (const char byte : text) {
    fingerprint_ = (fingerprint_ ^ static_cast<unsigned char>(byte)) * 1099511628211u;
  }
}

void History::Note(std::string text) {
  Mix(text);
  fingerprint_ = (fingerprint_ ^ static_cast<std::uint64_t>(time_.now_ns())) * 1099511628211u;
  if (!detailed_) return;
  char time[32];
  std::snprintf(time, sizeof(time), "%10.3f ms  ",
                static_cast<double>(time_.now_ns()) / static_cast<double>(kMilli));
  lines_.push_back(time + std::move(text));
}

void History::Message(const std::string& arrow, const char* kind, std::string detail) {
  const std::string name(kind);
  if (name == "heartbeat" || name == "lease" || name == "statistics") return;
  Note(arrow + " " + name + detail);
}

void History::Command(const std::string& to, const proto::WorkerCommand& command) {
  if (detailed_) Message("  -> " + to, KindOf(command), DetailOf(command));
}
void History::Command(const std::string& to, const proto::TaskManagerCommand& command) {
  if (detailed_) Message("  -> " + to, KindOf(command), "");
}
void History::Event(const std::string& from, const proto::WorkerEvent& event) {
  if (detailed_) Message("  <- " + from, KindOf(event), DetailOf(event));
}
void History::Event(const std::string& from, const proto::TaskManagerEvent& event) {
  if (detailed_) Message("  <- " + from, KindOf(event), "");
}

std::string History::Last(std::size_t most) const {
  std::string text;
  for (std::size_t i = lines_.size() - std::min(lines_.size(), most); i < lines_.size(); ++i) {
    text += lines_[i] + "\n";
  }
  return text;
}

}  // namespace weir::simulation
