// docs/rest-api.yaml is the source of truth: the routes are those it names, the answers what it
// describes.
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "common/clock.h"
#include "common/http_client.h"
#include "common/temporary_directory.h"
#include "common/text.h"
#include "jobmanager/rest/rest_server.h"
#include "tests/unit/jobmanager_rest/fake_cluster_control.h"

namespace weir::rest {
namespace {

using nlohmann::json;

// Checks values against the schemas of the document: types, required and unknown members, enums,
// references.
class SchemaChecker {
 public:
  explicit SchemaChecker(const YAML::Node& document)
      : schemas_(document["components"]["schemas"]) {}

  std::vector<std::string> Check(const json& value, const YAML::Node& schema) {
    problems_.clear();
    CheckValue(value, schema, "$");
    return problems_;
  }

 private:
  void Problem(const std::string& path, const std::string& text) {
    problems_.push_back(path + ": " + text);
  }

  void CheckValue(const json& value, const YAML::Node& schema, const std::string& path) {
    if (schema["nullable"] && schema["nullable"].as<bool>() && value.is_null()) return;
    if (schema["allOf"]) return CheckValue(value, schema["allOf"][0], path);
    if (schema["$ref"]) {
      std::string name = schema["$ref"].as<std::string>().substr(21);  // "#/components/schemas/"
      YAML::Node target = schemas_[name];
      if (!target) return Problem(path, "refers to unknown schema " + name);
      return CheckValue(value, target, path);
    }
    if (!schema["type"]) return;
    const std::string type = schema["type"].as<std::string>();
    if (type == "object") return CheckObject(value, schema, path);
    if (type == "array") return CheckArray(value, schema, path);
    bool fits = (type == "string" && value.is_string()) ||
                (type == "integer" && value.is_number_integer()) ||
                (type == "number" && value.is_number()) ||
                (type == "boolean" && value.is_boolean());
    if (!fits) return Problem(path, "is not a " + type + " but " + value.dump());
    if (schema["enum"]) {
      for (const YAML::Node& allowed : schema["enum"]) {
        if (allowed.as<std::string>() == value.get<std::string>()) return;
      }
      Problem(path, value.dump() + " is not in the enum");
    }
  }

  void CheckArray(const json& value, const YAML::Node& schema, const std::string& path) {
    if (!value.is_array()) return Problem(path, "is not an array");
    for (std::size_t i = 0; i < value.size(); ++i) {
      CheckValue(value[i], schema["items"], path + "[" + std::to_string(i) + "]");
    }
  }

  void CheckObject(const json& value, const YAML::Node& schema, const std::string& path) {
    if (!value.is_object()) return Problem(path, "is not an object but " + value.dump());
    for (const YAML::Node& required : schema["required"]) {
      if (!value.contains(required.as<std::string>())) {
        Problem(path, "lacks " + required.as<std::string>());
      }
    }
    const YAML::Node extra = schema["additionalProperties"];
    for (const auto& [name, member] : value.items()) {
      const YAML::Node property = schema["properties"] ? schema["properties"][name] : YAML::Node();
      if (property.IsDefined() && !property.IsNull()) {
        CheckValue(member, property, path + "." + name);
      } else if (extra && extra.IsMap()) {
        CheckValue(member, extra, path + "." + name);
      } else if (schema["properties"] || extra) {
        Problem(path, "has undocumented " + name);
      }
    }
  }

  const YAML::Node schemas_;
  std::vector<std::string> problems_;
};

// "/jobs/{jobid}" as the router writes it: "/jobs/:jobid".
std::string PatternOf(std::string path) {
  std::string pattern;
  for (char c : path) {
    if (c == '{') pattern.push_back(':');
    if (c != '{' && c != '}') pattern.push_back(c);
  }
  return pattern;
}

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

class RestApiDocumentTest : public testing::Test {
 protected:
  RestApiDocumentTest() {
    RestServerOptions options;
    options.spool_directory = directory_->path() + "/incoming";
    server_ = std::make_unique<RestServer>(options, control_, SystemClock());
    EXPECT_TRUE(server_->Start().ok());
  }

  HttpClient Client() {
    return HttpClient({"127.0.0.1", static_cast<std::uint16_t>(server_->port())});
  }

  // The path with the ids of the fake cluster in it.
  static std::string TargetOf(std::string path) {
    const std::vector<std::pair<std::string, std::string>> values = {
        {"{jobid}", "000000000000000000000000000000a1"},
        {"{vertexid}", "00000000000000000000000000000002"},
        {"{checkpointid}", "7"},
        {"{triggerid}", "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"},
        {"{taskmanagerid}", "tm-1"},
        {"{jarid}", "0a1b_job.so"}};
    for (const auto& [name, value] : values) {
      std::size_t at = path.find(name);
      if (at != std::string::npos) path.replace(at, name.size(), value);
    }
    return path;
  }

  Result<HttpAnswer> Send(const std::string& method, const std::string& path) {
    HttpClient client = Client();
    std::string target = TargetOf(path);
    if (path == "/jars/upload") {
      return client.Upload(target, "jarfile", "job.so", WEIR_REST_API_YAML);
    }
    if (method == "get") return client.Get(target);
    if (method == "post") return client.Post(target, "{}");
    if (method == "patch") return client.Patch(target);
    return client.Delete(target);
  }

  const YAML::Node document_ = YAML::LoadFile(WEIR_REST_API_YAML);
  Result<TemporaryDirectory> directory_ = TemporaryDirectory::Create();
  FakeClusterControl control_;
  std::unique_ptr<RestServer> server_;
};

TEST_F(RestApiDocumentTest, NamesExactlyTheRoutesOfTheServer) {
  std::set<std::string> documented;
  for (const auto& path : document_["paths"]) {
    for (const auto& operation : path.second) {
      documented.insert(Upper(operation.first.as<std::string>()) + " " +
                        PatternOf(path.first.as<std::string>()));
    }
  }
  std::set<std::string> served;
  for (const Route& route : server_->router().routes()) {
    served.insert(route.method + " " + route.pattern);
  }
  EXPECT_EQ(documented, served);
}

TEST_F(RestApiDocumentTest, DescribesEveryAnswer) {
  SchemaChecker checker(document_);
  int checked = 0;
  for (const auto& path : document_["paths"]) {
    for (const auto& operation : path.second) {
      const std::string name =
          operation.first.as<std::string>() + " " + path.first.as<std::string>();
      const auto response = *operation.second["responses"].begin();
      Result<HttpAnswer> answer =
          Send(operation.first.as<std::string>(), path.first.as<std::string>());
      ASSERT_TRUE(answer.ok()) << name << ": " << answer.status().ToString();
      EXPECT_EQ(answer->status, response.first.as<int>()) << name << ": " << answer->body;
      const auto content = *response.second["content"].begin();
      EXPECT_THAT(answer->headers["content-type"],
                  testing::StartsWith(content.first.as<std::string>()))
          << name;
      // What is not JSON is a string.
      json body = content.first.as<std::string>() == "application/json"
                      ? json::parse(answer->body, nullptr, false)
                      : json(answer->body);
      std::vector<std::string> problems = checker.Check(body, content.second["schema"]);
      EXPECT_THAT(problems, testing::IsEmpty()) << name << ": " << answer->body;
      ++checked;
    }
  }
  EXPECT_EQ(checked, static_cast<int>(server_->router().routes().size()));
}

TEST_F(RestApiDocumentTest, DescribesErrors) {
  SchemaChecker checker(document_);
  for (const char* target : {"/nowhere", "/jobs/xyz", "/jobs/000000000000000000000000000000ff"}) {
    Result<HttpAnswer> answer = Client().Get(target);
    ASSERT_TRUE(answer.ok());
    json body = json::parse(answer->body, nullptr, false);
    EXPECT_THAT(checker.Check(body, document_["components"]["schemas"]["Errors"]),
                testing::IsEmpty());
  }
}

TEST(SchemaCheckerTest, FindsWhatDoesNotFit) {
  YAML::Node document = YAML::Load(R"(
components:
  schemas:
    A: {type: object, required: [a, b], properties: {a: {type: integer}, b: {type: string, enum: [x]}}}
)");
  SchemaChecker checker(document);
  YAML::Node schema = YAML::Load("{$ref: '#/components/schemas/A'}");
  EXPECT_TRUE(checker.Check({{"a", 1}, {"b", "x"}}, schema).empty());
  EXPECT_EQ(checker.Check({{"a", 1}}, schema).size(), 1u);
  EXPECT_EQ(checker.Check({{"a", "1"}, {"b", "x"}}, schema).size(), 1u);
  EXPECT_EQ(checker.Check({{"a", 1}, {"b", "y"}}, schema).size(), 1u);
  EXPECT_EQ(checker.Check({{"a", 1}, {"b", "x"}, {"c", 1}}, schema).size(), 1u);
  EXPECT_EQ(checker.Check(nullptr, schema).size(), 1u);
}

}  // namespace
}  // namespace weir::rest
