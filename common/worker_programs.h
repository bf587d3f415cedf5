// Where the worker binaries of an installation are: both servers start them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace weir {

// By ABI number: <folder>/../lib/weir/abi-<N>/weir-worker, where `folder` is the one that holds the
// server's own program. Empty when none is installed.
std::map<std::uint32_t, std::string> FindWorkerPrograms(const std::string& folder);

// The folder that holds this process's program; empty when the system does not say.
std::string FolderOfThisProgram();

}  // namespace weir
