// How operators call what a function has for checkpoints (weir/operator_state.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <weir/internal/function_traits.h>
#include <weir/internal/state/operator_state_snapshot.h>
#include <weir/operator_state.h>
#include <weir/runtime_context.h>
#include <weir/status.h>

namespace weir::internal {

template <class F>
concept HasOperatorStates = requires(F& f) { f.OperatorStates(); };
template <class F>
concept HasCheckpointHooks =
    HasOperatorStates<F> ||
    requires(F& f, const FunctionInitializationContext& context) { f.InitializeState(context); } ||
    requires(F& f, const FunctionSnapshotContext& context) { f.SnapshotState(context); } ||
    requires(F& f) { f.NotifyCheckpointComplete(std::uint64_t{}); } ||
    requires(F& f) { f.NotifyCheckpointAborted(std::uint64_t{}); };

// A user function with the broadcast states of its operator (BroadcastFunction).
template <class F>
concept HasBroadcastStates = requires(F& f) {
  f.function;
  f.broadcast_states.all();
};

template <class F>
std::vector<std::string> OperatorStateNamesOf(F& function) {
  std::vector<std::string> names;
  if constexpr (HasBroadcastStates<F>) {
    names = OperatorStateNamesOf(function.function);
    for (const auto& state : function.broadcast_states.all()) names.push_back(state->name());
    return names;
  }
  if constexpr (HasOperatorStates<F>) {
    std::apply([&](auto&... state) { (names.push_back(state.name()), ...); },
               function.OperatorStates());
  }
  return names;
}

// `restored` holds what the state had; null: it starts empty.
template <class State>
Status LoadOperatorState(State& state, const OperatorStateSnapshot* restored) {
  if (restored == nullptr) return Status::Ok();
  for (const OperatorStateItems& saved : *restored) {
    if (saved.name == state.name()) return state.Load(saved);
  }
  return Status::Ok();  // new in this version of the program
}

// State that nobody takes would be lost in silence. `names`: those that the operator has.
inline Status CheckAllRestored(const OperatorStateSnapshot* restored,
                               const std::vector<std::string>& names) {
  if (restored == nullptr) return Status::Ok();
  for (const OperatorStateItems& saved : *restored) {
    if (std::find(names.begin(), names.end(), saved.name) != names.end()) continue;
    return Status(StatusCode::kFailedPrecondition,
                  "the checkpoint has an operator state '" + saved.name +
                      "' that the operator does not have any more",
                  ErrorDomain::kUser, RetryHint::kNoRetry);
  }
  return Status::Ok();
}

// Fills the function's states, then calls its InitializeState().
template <class F>
Status InitializeFunctionState(F& function, RuntimeContext& runtime,
                               const OperatorStateSnapshot* restored) {
  Status loaded;
  if constexpr (HasBroadcastStates<F>) {
    for (const auto& state : function.broadcast_states.all()) {
      WEIR_RETURN_IF_ERROR(LoadOperatorState(*state, restored));
    }
    return InitializeFunctionState(function.function, runtime, restored);
  }
  if constexpr (HasOperatorStates<F>) {
    std::apply(
        [&](auto&... state) {
          ((loaded = loaded.ok() ? LoadOperatorState(state, restored) : loaded), ...);
        },
        function.OperatorStates());
  }
  WEIR_RETURN_IF_ERROR(loaded);
  const FunctionInitializationContext context(runtime, restored != nullptr);
  if constexpr (requires { function.InitializeState(context); }) {
    return StatusOf([&] { return function.InitializeState(context); });
  } else {
    return Status::Ok();
  }
}

// Calls the function's SnapshotState(), then copies its states.
template <class F>
Status SnapshotFunctionState(F& function, std::uint64_t checkpoint_id, OperatorStateSnapshot& out) {
  if constexpr (HasBroadcastStates<F>) {
    for (const auto& state : function.broadcast_states.all()) out.push_back(state->Save());
    return SnapshotFunctionState(function.function, checkpoint_id, out);
  }
  const FunctionSnapshotContext context(checkpoint_id);
  if constexpr (requires { function.SnapshotState(context); }) {
    WEIR_RETURN_IF_ERROR(StatusOf([&] { return function.SnapshotState(context); }));
  }
  if constexpr (HasOperatorStates<F>) {
    std::apply([&](auto&... state) { (out.push_back(state.Save()), ...); },
               function.OperatorStates());
  }
  return Status::Ok();
}

template <class F>
Status NotifyFunction(F& function, std::uint64_t checkpoint_id, bool complete) {
  if constexpr (HasBroadcastStates<F>) {
    return NotifyFunction(function.function, checkpoint_id, complete);
  }
  if constexpr (requires { function.NotifyCheckpointComplete(checkpoint_id); }) {
    if (complete) return StatusOf([&] { return function.NotifyCheckpointComplete(checkpoint_id); });
  }
  if constexpr (requires { function.NotifyCheckpointAborted(checkpoint_id); }) {
    if (!complete) return StatusOf([&] { return function.NotifyCheckpointAborted(checkpoint_id); });
  }
  return Status::Ok();
}

}  // namespace weir::internal
