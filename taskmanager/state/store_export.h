// The files of a store at one moment, hard-linked into a folder of their own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "taskmanager/state/store_snapshot.h"

namespace weir::state {

struct ExportedFile {
  std::string local_path;
  std::uint64_t number = 0;  // names the file for as long as the store lives
  TableFile table_file;
};
struct ExportedShard {
  std::uint32_t shard = 0;
  std::uint32_t first_key_group = 0;
  std::uint32_t key_group_count = 0;
  std::vector<ExportedFile> files;
};
struct ExportedTable {
  std::string state;
  std::string schema;
  std::uint32_t max_parallelism = 0;
  std::uint32_t shard_count = 0;
  std::vector<ExportedShard> shards;  // those without files too
};
struct StoreExport {
  std::vector<ExportedTable> tables;
};

}  // namespace weir::state
