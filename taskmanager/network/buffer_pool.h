// BufferPool: emptied buffers with their memory, kept for the next one.
#pragma once

#include <cstddef>
#include <vector>

#include "common/mutex.h"
#include "taskmanager/network/byte_channel.h"

namespace weir::network {

// Any thread. The last buffer that came back goes out first: it is likely still in the cache.
class BufferPool {
 public:
  // Keeps at most `most_kept` buffers; what comes back beyond that is freed.
  explicit BufferPool(std::size_t most_kept) : most_kept_(most_kept) { kept_.reserve(most_kept); }

  // A buffer that is empty or holds bytes of no matter, with room for kBufferSize.
  Bytes Take();
  void Return(Bytes bytes);
  // Takes the buffers out of `bytes`, all under one lock, and leaves it empty.
  void ReturnAll(std::vector<Bytes>& bytes);

  std::size_t kept() const;

 private:
  const std::size_t most_kept_;
  mutable Mutex mutex_;
  std::vector<Bytes> kept_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::network
