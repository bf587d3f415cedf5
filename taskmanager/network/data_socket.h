// What is done to every TCP socket between workers.
#pragma once

#include <string>

#include <weir/status.h>

#include "common/unique_fd.h"
#include "taskmanager/network/reactor.h"

namespace weir::network {

// A non-blocking TCP socket of the address' family. Close-on-exec, as all descriptors here.
Result<UniqueFd> NewTcpSocket(int family);

// TCP_NODELAY (batching is ours), and keep-alive with a bound of about a minute on noticing a peer
// whose machine is gone.
Status TuneDataSocket(int socket);

// "10.0.0.7:4711" or "[::1]:4711"; "(unknown address)" for what has none.
std::string AddressText(const RawAddress& address);
std::string PeerAddressText(int socket);

}  // namespace weir::network
