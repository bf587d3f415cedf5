#include "jobmanager/rest/jar_json.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::rest {
namespace {

using testing::HasSubstr;
using Query = std::map<std::string, std::string>;

TEST(ParseJarRunRequestTest, TakesAnEmptyBodyAsAllDefaults) {
  for (const char* body : {"", "  \n", "{}"}) {
    Result<JarRunRequest> request = ParseJarRunRequest("jar", body, {});
    ASSERT_TRUE(request.ok()) << request.status().ToString();
    EXPECT_EQ(request->jar_id, "jar");
    EXPECT_EQ(request->entry_class, "");
    EXPECT_TRUE(request->arguments.empty());
    EXPECT_EQ(request->parallelism, 0);
    EXPECT_EQ(request->job_id, "");
    EXPECT_TRUE(request->configuration.empty());
  }
}

TEST(ParseJarRunRequestTest, ReadsEveryMember) {
  Result<JarRunRequest> request = ParseJarRunRequest("jar", R"({
    "entryClass": "lines", "programArgsList": ["--a", "b c"], "parallelism": 4,
    "jobId": "000000000000000000000000000000A1", "savepointPath": null,
    "allowNonRestoredState": false,
    "flinkConfiguration": {"a.b": "c", "n": 3, "flag": true}, "configuration": {"a.b": "d"}})",
                                                     {});
  ASSERT_TRUE(request.ok()) << request.status().ToString();
  EXPECT_EQ(request->entry_class, "lines");
  EXPECT_EQ(request->arguments, (std::vector<std::string>{"--a", "b c"}));
  EXPECT_EQ(request->parallelism, 4);
  EXPECT_EQ(request->job_id, "000000000000000000000000000000a1");
  EXPECT_EQ(request->configuration,
            (std::map<std::string, std::string>{{"a.b", "d"}, {"n", "3"}, {"flag", "true"}}));
}

TEST(ParseJarRunRequestTest, ReadsTheQueryAndLetsTheBodyOverrideIt) {
  Query query = {{"entry-class", "a"}, {"programArg", "x,y"}, {"parallelism", "2"}};
  Result<JarRunRequest> request = ParseJarRunRequest("jar", R"({"entryClass": "b"})", query);
  ASSERT_TRUE(request.ok()) << request.status().ToString();
  EXPECT_EQ(request->entry_class, "b");
  EXPECT_EQ(request->arguments, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(request->parallelism, 2);
}

TEST(ParseJarRunRequestTest, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[1]", "not a JSON object"},
      {"{\"a\":", "not a JSON object"},
      {"\xff", "not a JSON object"},
      {R"({"entryClass": 1})", "'entryClass' must be a string"},
      {R"({"programArgsList": "a"})", "'programArgsList' must be a list of strings"},
      {R"({"programArgsList": [1]})", "'programArgsList' must be a list of strings"},
      {R"({"parallelism": "2"})", "'parallelism' must be an integer of at least 1"},
      {R"({"parallelism": 0})", "'parallelism' must be an integer of at least 1"},
      {R"({"parallelism": 1.5})", "'parallelism' must be an integer of at least 1"},
      {R"({"parallelism": 18446744073709551615})", "'parallelism' must be"},
      {R"({"jobId": "abc"})", "jobId 'abc' is not 32 hex digits"},
      {R"({"configuration": []})", "'configuration' must be an object"},
      {R"({"configuration": {"a": []}})", "'configuration.a' must be a string"},
      {R"({"entryclass": "a"})", "unknown member 'entryclass'"}};
  for (const auto& [body, message] : cases) {
    Result<JarRunRequest> request = ParseJarRunRequest("jar", body, {});
    EXPECT_EQ(request.status().code(), StatusCode::kInvalidArgument) << body;
    EXPECT_THAT(request.status().message(), HasSubstr(message)) << body;
  }
  EXPECT_FALSE(ParseJarRunRequest("jar", "", {{"parallelism", "x"}}).ok());
  EXPECT_FALSE(ParseJarRunRequest("jar", "", {{"unknown", "x"}}).ok());
}

TEST(ParseJarRunRequestTest, SaysWhatWeirDoesNotDo) {
  for (const char* body : {R"({"allowNonRestoredState": true})", R"({"claimMode": "CLAIM"})"}) {
    EXPECT_EQ(ParseJarRunRequest("jar", body, {}).status().code(), StatusCode::kUnsupported)
        << body;
  }
}

TEST(ParseJarRunRequestTest, ReadsWhatTheJobStartsFrom) {
  for (
      const char* body :
      {R"({"savepointPath": "/a/chk-1"})",
       R"({"savepointPath": "/a/chk-1", "allowNonRestoredState": false, "claimMode": "NO_CLAIM"})"}) {
    const Result<JarRunRequest> request = ParseJarRunRequest("jar", body, {});
    ASSERT_TRUE(request.ok()) << request.status().ToString();
    EXPECT_EQ(request->savepoint_path, "/a/chk-1");
  }
  EXPECT_EQ(ParseJarRunRequest("jar", "", {{"savepointPath", "/b"}})->savepoint_path, "/b");
  EXPECT_FALSE(ParseJarRunRequest("jar", R"({"savepointPath": 1})", {}).ok());
}

TEST(ParseJarRunRequestTest, SurvivesDeepNesting) {
  const std::string deep(1'000'000, '[');
  EXPECT_FALSE(ParseJarRunRequest("jar", deep, {}).ok());
  EXPECT_FALSE(ParseJarRunRequest("jar", "{\"entryClass\":" + deep, {}).ok());
}

}  // namespace
}  // namespace weir::rest
