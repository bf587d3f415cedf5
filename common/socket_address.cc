#include "common/socket_address.h"

#include <arpa/inet.h>

#include "common/text.h"

namespace weir {

namespace {

Status BadAddress(std::string_view text, std::string_view reason) {
  return Status::InvalidArgument(
      Concat("'", text, "' is not an address of the form host:port: ", reason));
}

}  // namespace

std::string SocketAddress::ToString() const {
  if (host.find(':') != std::string::npos) return Concat("[", host, "]:", port);
  return Concat(host, ":", port);
}

Result<SocketAddress> ParseSocketAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return BadAddress(text, "there is no port");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    in6_addr address;
    if (::inet_pton(AF_INET6, std::string(host).c_str(), &address) != 1) {
      return BadAddress(text, "there is no IPv6 address in the brackets");
    }
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return BadAddress(text, "an IPv6 address stands in brackets");
  }
  if (host.empty()) return BadAddress(text, "there is no host");
  if (host.find_first_of(" \t\r\n/@") != std::string_view::npos) {
    return BadAddress(text, "the host holds a character that no host has");
  }
  const std::string_view port_text = text.substr(colon + 1);
  const Result<std::uint64_t> port = ParseUint64(port_text);
  if (!port.ok() || *port > 65535) {
    return BadAddress(text, "the port is not a number from 0 to 65535");
  }
  return SocketAddress{std::string(host), static_cast<std::uint16_t>(*port)};
}

bool IsLoopbackHost(std::string_view host) {
  if (ToLower(host) == "localhost") return true;
  const std::string name(host);
  in_addr v4;
  if (::inet_pton(AF_INET, name.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  return ::inet_pton(AF_INET6, name.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace weir
