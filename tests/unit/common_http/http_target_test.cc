#include "common/http_target.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(ParseHttpTargetTest, TakesPathAndQueryApart) {
  Result<HttpTarget> target =
      ParseHttpTarget("/v1/jobs/a%20b?mode=cancel&x=1+2%26&flag&=y&mode=stop");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->path, "/v1/jobs/a b");
  EXPECT_EQ(target->query, (std::map<std::string, std::string>{
                               {"mode", "stop"}, {"x", "1 2&"}, {"flag", ""}, {"", "y"}}));
}

TEST(ParseHttpTargetTest, LeavesAPlusInThePathAlone) {
  EXPECT_EQ(ParseHttpTarget("/a+b")->path, "/a+b");
}

TEST(ParseHttpTargetTest, TakesTheAbsoluteFormOfProxies) {
  EXPECT_EQ(ParseHttpTarget("http://host:80/jobs?a=b")->path, "/jobs");
  EXPECT_EQ(ParseHttpTarget("http://host")->path, "/");
}

TEST(ParseHttpTargetTest, RejectsBrokenTargets) {
  for (const char* text : {"", "jobs", "*", "/%", "/%4", "/%zz", "/a%00b", "/?a=%0", "/?%g0=a"}) {
    EXPECT_EQ(ParseHttpTarget(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(PercentEncodeTest, IsReadBackUnchanged) {
  std::string all;
  for (int i = 1; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(ParseHttpTarget("/" + PercentEncode(all))->path, "/" + all);
  EXPECT_EQ(ParseHttpTarget("/?a=" + PercentEncode(all))->query["a"], all);
  EXPECT_EQ(PercentEncode("a b/ü"), "a%20b%2F%C3%BC");
}

}  // namespace
}  // namespace weir
