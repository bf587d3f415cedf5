#include <string>

#include <weir/formats/protobuf.h>

namespace weir::protobuf::internal {

Status NotParsed(std::size_t size) {
  return Status::Corruption("Protobuf: " + std::to_string(size) +
                            " bytes are no message of this type, or lack a required field");
}

Status TooLarge(std::size_t size) {
  return Status::Corruption("Protobuf: a message has " + std::to_string(size) +
                            " bytes; 2 GiB is the most");
}

Status Incomplete() {
  return Status::InvalidArgument("Protobuf: the message lacks a required field");
}

Status NotWritten() {
  return Status::InvalidArgument("Protobuf: the message was not written");
}

}  // namespace weir::protobuf::internal
