// Protobuf messages as a format. Link weir::protobuf; it brings no protobuf of its own: the message
// type is the job's, generated and linked there.
//
//   KafkaSource<Order>::Builder().Deserializer(
//       weir::kafka::ValueDeserializer(weir::protobuf::ProtobufFormat<Order>()))
//   FileSource(weir::protobuf::ProtobufFormat<Order>()).Path("/orders")
//
// In a file each message stands behind its length as a varint, as protobuf's own
// SerializeDelimitedToOstream (Java: writeDelimitedTo) writes them.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include <weir/format.h>
#include <weir/serializer.h>

namespace weir::protobuf {

namespace internal {
// What the bytes were refused for.
Status NotParsed(std::size_t size);
Status TooLarge(std::size_t size);
Status Incomplete();
Status NotWritten();
}  // namespace internal

template <weir::internal::ProtobufMessage M>
class ProtobufFormat {
 public:
  using Record = M;

  Status Deserialize(std::string_view message, M& out) const {
    if (message.size() > kMaximumBytes) return internal::TooLarge(message.size());
    if (out.ParseFromArray(message.data(), static_cast<int>(message.size()))) return Status::Ok();
    return internal::NotParsed(message.size());
  }
  Status Serialize(const M& record, std::string& out) const {
    const std::size_t size = record.ByteSizeLong();
    if (size > kMaximumBytes) return internal::TooLarge(size);
    if (!record.IsInitialized()) return internal::Incomplete();
    const std::size_t begin = out.size();
    out.resize(begin + size);
    if (record.SerializeToArray(out.data() + begin, static_cast<int>(size))) return Status::Ok();
    out.resize(begin);
    return internal::NotWritten();
  }
  Framing framing() const { return {.kind = Framing::Kind::kLengthPrefix}; }

 private:
  static constexpr auto kMaximumBytes = static_cast<std::size_t>(std::numeric_limits<int>::max());
};

}  // namespace weir::protobuf
