#include "jobmanager/rest/router.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace weir::rest {
namespace {

using Parameters = std::map<std::string, std::string>;

Router MakeTestRouter() {
  Router router;
  router.Add({"GET", "/jobs", RouteBody::kNone, {}});
  router.Add({"GET", "/jobs/:jobid", RouteBody::kNone, {}});
  router.Add({"PATCH", "/jobs/:jobid", RouteBody::kNone, {}});
  router.Add({"GET", "/jobs/overview", RouteBody::kNone, {}});
  router.Add({"GET", "/jobs/:jobid/vertices/:vertexid", RouteBody::kNone, {}});
  return router;
}

TEST(RouterTest, FindsRoutesWithAndWithoutVersionPrefixAndSlash) {
  Router router = MakeTestRouter();
  for (const char* path : {"/jobs", "/jobs/", "/v1/jobs", "/v1/jobs/"}) {
    RouteMatch match = router.Find("GET", path);
    ASSERT_NE(match.route, nullptr) << path;
    EXPECT_EQ(match.route->pattern, "/jobs");
    EXPECT_TRUE(match.allowed_methods.empty());
  }
}

TEST(RouterTest, HandsOverWhatStandsForParameters) {
  Router router = MakeTestRouter();
  RouteMatch match = router.Find("GET", "/v1/jobs/a b/vertices/c");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.parameters, (Parameters{{"jobid", "a b"}, {"vertexid", "c"}}));
}

TEST(RouterTest, PrefersLiteralText) {
  Router router = MakeTestRouter();
  EXPECT_EQ(router.Find("GET", "/jobs/overview").route->pattern, "/jobs/overview");
  EXPECT_EQ(router.Find("GET", "/jobs/other").route->pattern, "/jobs/:jobid");
  EXPECT_EQ(router.Find("PATCH", "/jobs/overview").allowed_methods,
            std::vector<std::string>{"GET"});
}

TEST(RouterTest, TellsAWrongMethodFromAnUnknownPath) {
  Router router = MakeTestRouter();
  RouteMatch wrong_method = router.Find("DELETE", "/jobs/a");
  EXPECT_EQ(wrong_method.route, nullptr);
  EXPECT_EQ(wrong_method.allowed_methods, (std::vector<std::string>{"GET", "PATCH"}));
  for (const char* path : {"/", "/v1", "/job", "/jobs/a/vertices", "/jobs//vertices/b",
                           "/v1/v1/jobs", "/v2/jobs", "/jobs/a/vertices/b/c"}) {
    RouteMatch unknown = router.Find("GET", path);
    EXPECT_EQ(unknown.route, nullptr) << path;
    EXPECT_TRUE(unknown.allowed_methods.empty()) << path;
  }
}

}  // namespace
}  // namespace weir::rest
