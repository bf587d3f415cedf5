// SocketAddress: a host and a port, as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <weir/status.h>

namespace weir {

struct SocketAddress {
  std::string host;  // a name or a literal address; IPv6 without brackets
  std::uint16_t port = 0;

  // "host:port", "[::1]:port": what ParseSocketAddress reads.
  std::string ToString() const;
  bool operator==(const SocketAddress&) const = default;
};

// Reads "host:port"; an IPv6 address stands in brackets. Host and port must both be there; port 0
// is allowed (the kernel chooses). Names are not resolved. The error quotes the text.
Result<SocketAddress> ParseSocketAddress(std::string_view text);

// Whether binding there can be reached from this machine only: "localhost", 127.0.0.0/8 and ::1.
// Other names, which would have to be resolved, and the wildcards 0.0.0.0 and :: are not.
bool IsLoopbackHost(std::string_view host);

}  // namespace weir
