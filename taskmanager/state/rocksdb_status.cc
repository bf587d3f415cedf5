#include "taskmanager/state/rocksdb_status.h"

#include <string>

#include <rocksdb/status.h>

namespace weir::state {

Status FromRocksDb(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return Status::Ok();
  std::string message = std::string(what) + ": " + status.ToString();
  if (status.IsCorruption()) return Status::Corruption(std::move(message));
  if (status.IsNoSpace()) {
    return Status(StatusCode::kResourceExhausted, std::move(message), ErrorDomain::kExternal);
  }
  if (status.IsIOError() || status.IsPathNotFound()) return Status::IoError(std::move(message));
  return Status::Internal(std::move(message));
}

}  // namespace weir::state
