// KeyedStream<T, K>: what KeyBy() gives. Has all operators of DataStream<T>; each is run with the
// records of a key on the same subtask, in the order in which one upstream subtask sent them.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <weir/data_stream.h>

namespace weir {

template <class T, class K>
class KeyedStream : public DataStream<T> {
 public:
  using Key = K;
  KeyedStream(std::shared_ptr<internal::StreamGraph> graph,
              std::vector<internal::StreamOrigin> origins)
      : DataStream<T>(std::move(graph), std::move(origins)) {}
};

}  // namespace weir
