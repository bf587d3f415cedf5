// What RocksDB says went wrong, as a Status.
#pragma once

#include <string_view>

#include <weir/status.h>

namespace rocksdb {
class Status;
}

namespace weir::state {

// `what`: what was done, to what state, at which path. RocksDB's own text names the file.
Status FromRocksDb(const rocksdb::Status& status, std::string_view what);

}  // namespace weir::state
