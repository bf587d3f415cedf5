#include "cli/local_cluster_state.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "common/file_system.h"
#include "common/text.h"

namespace weir::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string StateFile(const std::string& folder) {
  return folder + "/cluster.json";
}

std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// Empty while the JobManager has not told it.
std::string AddressText(const SocketAddress& address) {
  return address.port == 0 ? "" : address.ToString();
}

Json ProcessJson(const LocalClusterProcess& process) {
  return {{"role", process.role},
          {"pid", process.identity.pid},
          {"start-time-ticks", process.identity.start_time_ticks},
          {"log", process.log_file}};
}

Result<SocketAddress> ReadAddress(const Json& json, const char* name) {
  return ParseSocketAddress(json.at(name).get<std::string>());
}

}  // namespace

Result<LocalClusterState> ReadLocalClusterState(const std::string& folder) {
  WEIR_ASSIGN_OR_RETURN(std::string text, LocalFileSystem().ReadFile(StateFile(folder)));
  try {
    Json json = Json::parse(text);
    LocalClusterState state;
    if (json.at("rest") != "") {
      WEIR_ASSIGN_OR_RETURN(state.rest, ReadAddress(json, "rest"));
    }
    for (const Json& entry : json.at("processes")) {
      LocalClusterProcess process;
      process.role = entry.at("role").get<std::string>();
      process.identity.pid = entry.at("pid").get<pid_t>();
      process.identity.start_time_ticks = entry.at("start-time-ticks").get<std::uint64_t>();
      process.log_file = entry.at("log").get<std::string>();
      state.processes.push_back(std::move(process));
    }
    return state;
  } catch (const Json::exception& exception) {
    return Status::Corruption(Concat("cannot read ", StateFile(folder), ": ", exception.what()));
  }
}

Status WriteLocalClusterState(const std::string& folder, const LocalClusterState& state) {
  Json processes = Json::array();
  for (const LocalClusterProcess& process : state.processes) {
    processes.push_back(ProcessJson(process));
  }
  Json json = {{"rest", AddressText(state.rest)}, {"processes", std::move(processes)}};
  return LocalFileSystem().WriteFileAtomically(StateFile(folder), Dump(json));
}

Status RemoveLocalClusterState(const std::string& folder) {
  return LocalFileSystem().RemoveRecursively(StateFile(folder));
}

Result<JobManagerAddresses> ParseAddressFile(const std::string& text) {
  try {
    Json json = Json::parse(text);
    JobManagerAddresses addresses;
    WEIR_ASSIGN_OR_RETURN(addresses.rpc, ReadAddress(json, "rpc"));
    WEIR_ASSIGN_OR_RETURN(addresses.rest, ReadAddress(json, "rest"));
    return addresses;
  } catch (const Json::exception& exception) {
    return Status::Corruption(Concat("cannot read the JobManager's addresses: ", exception.what()));
  }
}

std::string LocalClusterAsJson(const LocalClusterState& state) {
  Json processes = Json::array();
  for (const LocalClusterProcess& process : state.processes) {
    Json json = ProcessJson(process);
    json["running"] = IsRunning(process.identity);
    processes.push_back(std::move(json));
  }
  return Dump({{"rest", AddressText(state.rest)}, {"processes", std::move(processes)}});
}

}  // namespace weir::cli
