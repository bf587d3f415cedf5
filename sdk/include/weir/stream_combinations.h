// What DataStream<T> can do together with other streams.
#pragma once

#include <utility>
#include <vector>

#include <weir/internal/stream_graph.h>

namespace weir {

template <class T>
class DataStream;
template <class A, class B>
class ConnectedStreams;
template <class A, class B>
class BroadcastConnectedStream;
template <class B>
class BroadcastStream;
template <class K, class V>
class MapStateDescriptor;

// A part of DataStream<T>.
template <class T>
class StreamCombinations {
 public:
  // The records of all, in no particular order.
  template <class... More>
  DataStream<T> Union(const DataStream<T>& other, const More&... more) const {
    std::vector<internal::StreamOrigin> origins = self().origins();
    const auto add = [&origins](const DataStream<T>& stream) {
      origins.insert(origins.end(), stream.origins().begin(), stream.origins().end());
    };
    (add(other), ..., add(more));
    return DataStream<T>(self().graph(), std::move(origins));
  }
  // Two streams into one operator: weir/connected_streams.h.
  template <class B>
  ConnectedStreams<T, B> Connect(const DataStream<B>& other) const {
    return ConnectedStreams<T, B>(self(), other);
  }
  // With a stream that goes to all subtasks: weir/broadcast_stream.h.
  template <class B>
  BroadcastConnectedStream<T, B> Connect(const BroadcastStream<B>& other) const {
    return BroadcastConnectedStream<T, B>(self(), other);
  }
  // To all subtasks, for operators that keep what comes in these states.
  template <class K, class V, class... More>
  BroadcastStream<T> Broadcast(const MapStateDescriptor<K, V>& state, const More&... more) const;
  // Pairs, and groups, of a key in the same window: weir/joined_streams.h.
  template <class B>
  auto Join(const DataStream<B>& other) const;
  template <class B>
  auto CoGroup(const DataStream<B>& other) const;

 private:
  const DataStream<T>& self() const { return static_cast<const DataStream<T>&>(*this); }
};

}  // namespace weir
