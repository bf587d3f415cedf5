// A state machine as a table: the states of an enum, their names, and which may follow which.
//
//   constexpr TransitionTable<DoorState, 2> kTable{{{
//       {"OPEN", FollowedBy(kClosed)},
//       {"CLOSED", FollowedBy(kOpen)},
//   }}};
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::jobmanager {

// Bits of the states that may follow; none: the state is terminal.
template <class... States>
constexpr std::uint32_t FollowedBy(States... states) {
  return (0u | ... | (1u << static_cast<unsigned>(states)));
}

template <class State>
struct TransitionRow {
  const char* name;
  std::uint32_t next;
};

// Rows in the order of the enum, whose values count from 0.
template <class State, std::size_t kCount>
struct TransitionTable {
  static_assert(kCount <= 32, "one bit for each state");

  constexpr const char* NameOf(State state) const { return RowOf(state).name; }
  constexpr bool Allows(State from, State to) const {
    return (RowOf(from).next & FollowedBy(to)) != 0;
  }
  constexpr bool IsTerminal(State state) const { return RowOf(state).next == 0; }
  constexpr const TransitionRow<State>& RowOf(State state) const {
    return rows[static_cast<std::size_t>(state)];
  }

  std::array<TransitionRow<State>, kCount> rows;
};

}  // namespace weir::jobmanager
