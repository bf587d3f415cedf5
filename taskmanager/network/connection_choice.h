// Which connection to keep when both workers of a pair dial each other. Pure.
//
// A pair of workers shares one connection. Each dials when it needs one and has none, so both can
// dial at once. Rule: **the connection dialled by the worker with the smaller id is kept.** The
// other side drops its own and takes the one that comes. Who is told "duplicate" waits for the
// other's connection and dials again after a pause, which also covers a connection that one side
// knows to be broken and the other does not yet.
#pragma once

#include <string_view>

namespace weir::network {

// What this worker has with the peer.
enum class PeerState {
  kNone,             // nothing under way
  kDialling,         // own attempt under way
  kConnectedByUs,    // standing, we dialled
  kConnectedByPeer,  // standing, the peer dialled
};

// What to do with a connection that the peer dialled.
enum class IncomingChoice {
  kAccept,                // take it
  kAcceptAndAbandonDial,  // take it and drop the own attempt
  kReplace,               // take it; the standing one is dead (its channels fail)
  kRefuseDuplicate,       // keep what is there
};

// The peer dials only when it has no connection that it knows to stand. So where the standing one
// was dialled by the peer, or by us with the larger id (then the peer would have refused it while
// dialling), a new one means that the peer lost it. Where we dialled with the smaller id, it can as
// well be an attempt that was under way before ours arrived there: then ours is kept.
constexpr IncomingChoice ChooseIncoming(PeerState state, std::string_view local_worker_id,
                                        std::string_view peer_worker_id) {
  const bool ours_wins = local_worker_id < peer_worker_id;
  switch (state) {
    case PeerState::kNone:
      return IncomingChoice::kAccept;
    case PeerState::kDialling:
      return ours_wins ? IncomingChoice::kRefuseDuplicate : IncomingChoice::kAcceptAndAbandonDial;
    case PeerState::kConnectedByUs:
      return ours_wins ? IncomingChoice::kRefuseDuplicate : IncomingChoice::kReplace;
    case PeerState::kConnectedByPeer:
      return IncomingChoice::kReplace;
  }
  return IncomingChoice::kAccept;
}

}  // namespace weir::network
