// Protobuf's own messages through the format.
#include <string>

#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include <weir/formats/protobuf.h>

namespace weir::protobuf {
namespace {

using google::protobuf::Struct;
using Format = ProtobufFormat<Struct>;
static_assert(StreamDeserializationSchema<Format> && StreamSerializationSchema<Format>);

TEST(ProtobufFormat, WritesWhatProtobufReadsAndTheOtherWayRound) {
  Struct message;
  (*message.mutable_fields())["a"].set_string_value("b");
  std::string bytes = "before";
  Format format;
  ASSERT_TRUE(format.Serialize(message, bytes).ok());
  EXPECT_EQ(bytes, "before" + message.SerializeAsString());
  Struct read;
  (*read.mutable_fields())["old"].set_bool_value(true);
  ASSERT_TRUE(format.Deserialize(std::string_view(bytes).substr(6), read).ok());
  EXPECT_EQ(read.SerializeAsString(), message.SerializeAsString());
  EXPECT_EQ(format.framing().kind, Framing::Kind::kLengthPrefix);
  EXPECT_FALSE(format.framing().splittable());
}

TEST(ProtobufFormat, BytesThatAreNoMessageAreRefused) {
  Struct read;
  const Status status = Format().Deserialize("\x0a\x7f", read);
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_NE(status.message().find("2 bytes"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace weir::protobuf
