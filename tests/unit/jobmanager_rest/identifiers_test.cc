#include "jobmanager/rest/identifiers.h"

#include <string>

#include <gtest/gtest.h>

namespace weir::rest {
namespace {

TEST(CheckHexIdTest, TakesThirtyTwoSmallHexDigits) {
  EXPECT_TRUE(CheckHexId("id", "0123456789abcdef0123456789abcdef").ok());
  for (const char* text :
       {"", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
        "0123456789ABCDEF0123456789abcdef", "0123456789abcdeg0123456789abcdef"}) {
    EXPECT_EQ(CheckHexId("id", text).code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(SafeFileNameTest, LeavesNothingThatLeadsElsewhere) {
  EXPECT_EQ(SafeFileName("job.so"), "job.so");
  EXPECT_EQ(SafeFileName("../../etc/passwd"), "passwd");
  EXPECT_EQ(SafeFileName("C:\\jobs\\my job.so"), "my_job.so");
  EXPECT_EQ(SafeFileName("j\xc3\xb6"
                         "b\n.so"),
            "j__b_.so");
  for (const char* text : {"", ".", "..", "...", "/", "a/.."}) {
    EXPECT_EQ(SafeFileName(text), "plugin.so") << text;
  }
  EXPECT_EQ(SafeFileName(std::string(200, 'a') + ".so"), std::string(97, 'a') + ".so");
}

}  // namespace
}  // namespace weir::rest
