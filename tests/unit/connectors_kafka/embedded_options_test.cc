#include "connectors/kafka/embedded/embedded_options.h"

#include <gtest/gtest.h>

namespace weir::kafka {
namespace {

TEST(EmbeddedOptions, ReadsEveryArgument) {
  std::string error;
  const auto options = ParseEmbeddedOptions(
      {"--topic", "input:4", "--topic", "plain", "--bootstrap-file", "/tmp/x", "--die-with-parent"},
      &error);
  ASSERT_TRUE(options) << error;
  const std::vector<EmbeddedTopic> topics = {{"input", 4}, {"plain", 1}};
  EXPECT_EQ(options->topics, topics);
  EXPECT_EQ(options->bootstrap_file, "/tmp/x");
  EXPECT_TRUE(options->die_with_parent);
  EXPECT_FALSE(options->help);
}

TEST(EmbeddedOptions, NamesWhatIsWrong) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--topic"}, "--topic needs a value"},
      {{"--bootstrap-file"}, "--bootstrap-file needs a value"},
      {{"--topic", "a:0"}, "'a:0'"},
      {{"--topic", "a:x"}, "'a:x'"},
      {{"--topic", "a:3x"}, "'a:3x'"},
      {{"--topic", "a:"}, "'a:'"},
      {{"--topic", ":3"}, "':3'"},
      {{"--topic", "a:1025"}, "1 to 1024"},
      {{"--topics", "a"}, "'--topics'"},
  };
  for (const auto& [arguments, expected] : cases) {
    std::string error;
    EXPECT_FALSE(ParseEmbeddedOptions(arguments, &error)) << arguments.back();
    EXPECT_NE(error.find(expected), std::string::npos) << error;
  }
}

TEST(EmbeddedOptions, HelpSaysThatItIsNotForProductionAndWhatVanishes) {
  const std::string usage = EmbeddedUsage();
  EXPECT_NE(usage.find("NOT FOR PRODUCTION"), std::string::npos);
  EXPECT_NE(usage.find("5 MiB"), std::string::npos);
  EXPECT_NE(usage.find("read_committed"), std::string::npos);
}

}  // namespace
}  // namespace weir::kafka
