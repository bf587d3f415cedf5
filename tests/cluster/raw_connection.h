// Talks to a port without any of our protocols.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <weir/status.h>

#include "common/socket_address.h"

namespace weir::cluster_test {

// Connects (IPv4), sends `bytes`, and reads until the other side closes or `timeout` passes; what
// it read. A peer that closes while we send is no error: refusing garbage early is its right.
Result<std::string> SendRaw(const SocketAddress& address, std::string_view bytes,
                            std::chrono::milliseconds timeout);

// Whether a server could bind there (loopback) now, as ours do; kInternal with the port when not.
Status CheckPortIsFree(const SocketAddress& address);

// Pseudo-random bytes, the same for a seed.
std::string RandomBytes(std::size_t size, unsigned seed);

}  // namespace weir::cluster_test
