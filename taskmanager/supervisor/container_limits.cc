#include "taskmanager/supervisor/container_limits.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include <netdb.h>
#include <unistd.h>

#include "common/logging.h"
#include "common/settings.h"
#include "common/socket_address.h"
#include "common/text.h"

namespace weir::supervisor {
namespace {

bool IsWildcard(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

Status NoAddress(const std::string& name, const std::string& why) {
  return Status::InvalidArgument(Concat(
      settings::kTaskManagerBindHost.key, " is a wildcard, and this host's name '", name, "' ", why,
      "; set ", settings::kTaskManagerHost.key, " to what other TaskManagers reach"));
}

// Whether anybody else can dial the address, by its text.
Result<std::string> AddressOfThisHost() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return NoAddress("", "cannot be read");
  const addrinfo hints{.ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(name.data(), nullptr, &hints, &found); error != 0) {
    return NoAddress(name.data(), ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) != 0) {
      continue;
    }
    if (!IsLoopbackHost(text.data())) return std::string(text.data());
  }
  return NoAddress(name.data(), "has loopback addresses only");
}

}  // namespace

Status ApplyContainerLimits(const MachineResources& machine, Configuration& configuration) {
  if (machine.core_limit && !configuration.IsSet(settings::kTaskManagerSlots)) {
    const auto cores = std::max<std::int64_t>(1, static_cast<std::int64_t>(machine.usable_cores()));
    WEIR_RETURN_IF_ERROR(configuration.Set(settings::kTaskManagerSlots, Concat(cores)));
  }
  if (!machine.memory_limit_bytes) return Status::Ok();
  const auto size = configuration.Find(settings::kTaskManagerMemoryProcessSize);
  if (!size) {
    return configuration.Set(settings::kTaskManagerMemoryProcessSize,
                             Concat(*machine.memory_limit_bytes));
  }
  if (size->bytes <= *machine.memory_limit_bytes) return Status::Ok();
  return Status::InvalidArgument(
      Concat(settings::kTaskManagerMemoryProcessSize.key, " is ", size->bytes,
             " bytes, but the limit of this container is ", *machine.memory_limit_bytes,
             ": raise the limit, or leave the setting out to take it from there"));
}

MachineResources ResourcesOrWarning(Result<MachineResources> machine) {
  if (machine.ok()) return *std::move(machine);
  ComponentLogger("taskmanager")
      .Warning("cannot tell memory and cores of this machine, nor a container's limits: ",
               machine.status().message(), "; where they are not set, ",
               settings::kTaskManagerSlots.key, " and ",
               settings::kTaskManagerMemoryProcessSize.key, " keep their defaults");
  return {.cores = 1};
}

Result<std::string> AdvertisedHost(const Configuration& configuration) {
  if (const auto host = configuration.Find(settings::kTaskManagerHost)) return *host;
  const std::string bind_host = configuration.Get(settings::kTaskManagerBindHost);
  if (!IsWildcard(bind_host)) return bind_host;
  return AddressOfThisHost();
}

}  // namespace weir::supervisor
