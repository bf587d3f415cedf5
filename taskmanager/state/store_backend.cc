#include "taskmanager/state/store_backend.h"

#include <cstdlib>
#include <utility>

namespace weir::state {
namespace {

std::string RootOf(const StoreBackendOptions& options) {
  if (!options.local_directory.empty()) return options.local_directory;
  const char* const temporary = std::getenv("TMPDIR");
  return temporary != nullptr && *temporary != '\0' ? temporary : "/tmp";
}

}  // namespace

StoreBackend::StoreBackend(StoreBackendOptions options) : options_(std::move(options)) {}

StoreBackend::~StoreBackend() = default;

Status StoreBackend::MakeShared() {
  MutexLock lock(mutex_);
  if (!folder_) {
    WEIR_ASSIGN_OR_RETURN(scratch::ScratchFolder folder,
                          scratch::ScratchFolder::Create(RootOf(options_), options_.worker_id));
    folder_.emplace(std::move(folder));
  }
  if (!memory_) memory_ = std::make_unique<RocksDbMemory>(options_.memory);
  return Status::Ok();
}

Result<std::unique_ptr<RocksDbStore>> StoreBackend::OpenStore(const internal::KeyGroupRange& range,
                                                              std::uint32_t parallelism) {
  WEIR_RETURN_IF_ERROR(MakeShared().WithContext("the local folder for keyed state"));
  const RocksDbMemory* memory = nullptr;
  {
    MutexLock lock(mutex_);
    memory = memory_.get();
  }
  return RocksDbStore::Open(NewPath("store"), range,
                            ShardCountFor(parallelism, range.max_parallelism), options_.rocksdb,
                            *memory);
}

std::string StoreBackend::NewPath(std::string_view what) {
  MutexLock lock(mutex_);
  return folder_->path() + "/" + std::string(what) + "-" + std::to_string(++paths_);
}

}  // namespace weir::state
