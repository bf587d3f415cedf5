// NetworkOptions: what can be set about the data plane of a worker.
#pragma once

#include <cstddef>
#include <cstdint>

#include "taskmanager/network/credit_receiver.h"
#include "taskmanager/network/dialer.h"

namespace weir::network {

struct NetworkOptions {
  // taskmanager.network.credits-per-channel: exclusive buffers of a channel, and how many floating
  // ones it may hold beside them.
  CreditReceiver::Options credits;
  // Exclusive buffers of all channels together; with more channels than that each has one.
  std::uint32_t exclusive_budget = 1024;
  // Floating buffers of the worker.
  std::uint32_t floating_buffers = 256;
  // Emptied buffers that are kept for reuse, for each direction.
  std::size_t recycled_buffers = 256;
  Dialer::Options dialling;
  // A peer that stops in the middle of a frame for so long is given up.
  std::int64_t stall_timeout_ms = 60'000;
  // How long the end of the data plane waits for what is queued to reach the peers.
  std::int64_t drain_timeout_ms = 5'000;
};

}  // namespace weir::network
