// Files of checkpoints as disks and people damage them.
#pragma once

#include <map>
#include <string>

namespace weir::cluster_test {

std::string ReadBytes(const std::string& path);
// The bytes of every file below a folder, by path.
std::map<std::string, std::string> Contents(const std::string& folder);

// Of a checkpoint, `…/chk-<n>`; empty where its state is all in its metadata.
std::string LargestStateFile(const std::string& checkpoint);
// In the middle of the file.
void FlipABit(const std::string& path);
// Makes a `_metadata` one of format version 99, with a header whose checksum is right.
void RaiseFormatVersion(const std::string& metadata);

}  // namespace weir::cluster_test
