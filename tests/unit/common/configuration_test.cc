#include "common/configuration.h"

#include <cstdlib>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/configuration_loader.h"
#include "common/settings.h"
#include "common/temporary_directory.h"
#include "common/text.h"

namespace weir {

enum class Colour { kRed, kDeepBlue };
template <>
struct SettingEnum<Colour> {
  static constexpr std::array<std::string_view, 2> names{"red", "deep-blue"};
};

namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

// One setting of each type, so that every type is tested whatever Weir happens to declare.
constexpr Setting<std::string> kName{
    {.key = "a.name", .default_text = "nobody", .description = ""}};
constexpr Setting<bool> kFlag{{.key = "a.flag", .default_text = "true", .description = ""}};
constexpr Setting<std::int64_t> kCount{
    {.key = "a.count", .default_text = "3", .minimum = 1, .maximum = 10, .description = ""}};
constexpr Setting<double> kRatio{{.key = "a.ratio", .default_text = "0.5", .description = ""}};
constexpr Setting<milliseconds> kDelay{
    {.key = "a.delay", .default_text = "10 s", .minimum = 1, .description = ""}};
constexpr Setting<MemorySize> kSize{{.key = "a.size", .default_text = "64 mb", .description = ""}};
constexpr Setting<std::vector<std::string>> kList{
    {.key = "a.list", .default_text = "x;y", .description = ""}};
constexpr Setting<Colour> kColour{{.key = "a.colour", .default_text = "red", .description = ""}};
constexpr Setting<std::string> kOptional{
    {.key = "a.optional", .has_default = SettingDefault::kNone, .description = ""}};
constexpr auto kRegistry = std::to_array<const SettingDescription*>(
    {&kName, &kFlag, &kCount, &kRatio, &kDelay, &kSize, &kList, &kColour, &kOptional});

class ConfigurationTest : public testing::Test {
 protected:
  Result<Configuration> Load(const std::string& yaml, const std::string& environment = "",
                             std::vector<std::string> definitions = {}) {
    EXPECT_TRUE(LocalFileSystem().WriteFileAtomically(file_, yaml, FileDurability::kNone).ok());
    return LoadConfiguration({file_, environment, std::move(definitions)}, LocalFileSystem(),
                             kRegistry);
  }
  // The one error of a file, without its path.
  std::string Error(const std::string& yaml) {
    const std::string message = Load(yaml).status().message();
    EXPECT_TRUE(message.starts_with(file_)) << message;
    return message.substr(std::min(file_.size(), message.size()));
  }

  TemporaryDirectory folder_ = *TemporaryDirectory::Create();
  const std::string file_ = folder_.path() + "/config.yaml";
};

TEST_F(ConfigurationTest, GivesTypedDefaults) {
  const Configuration configuration(kRegistry);
  EXPECT_EQ(configuration.Get(kName), "nobody");
  EXPECT_TRUE(configuration.Get(kFlag));
  EXPECT_EQ(configuration.Get(kCount), 3);
  EXPECT_EQ(configuration.Get(kRatio), 0.5);
  EXPECT_EQ(configuration.Get(kDelay), milliseconds(10'000));
  EXPECT_EQ(configuration.Get(kSize).bytes, 64LL << 20);
  EXPECT_EQ(configuration.Get(kList), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(configuration.Get(kColour), Colour::kRed);
  EXPECT_EQ(configuration.Find(kOptional), std::nullopt);
  EXPECT_FALSE(configuration.IsSet(kName));
  EXPECT_EQ(configuration.OriginOf(kName), "default");
  EXPECT_DEATH(configuration.Get(kOptional), "a.optional has neither a value nor a default");
}

TEST_F(ConfigurationTest, ReadsNestedAndFlatKeysOfAFile) {
  const Result<Configuration> loaded = Load(
      "# a comment\n"
      "a:\n"
      "  name: \"some body\"\n"
      "  flag: FALSE\n"
      "  list: [p, q]\n"
      "a.count: 7\n"
      "a.ratio: 1e-3\n"
      "a.delay: 100ms\n"
      "a.size: 1g\n"
      "a.colour: Deep-Blue\n");
  ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
  EXPECT_EQ(loaded->Get(kName), "some body");
  EXPECT_FALSE(loaded->Get(kFlag));
  EXPECT_EQ(loaded->Get(kList), (std::vector<std::string>{"p", "q"}));
  EXPECT_EQ(loaded->Get(kCount), 7);
  EXPECT_EQ(loaded->Get(kRatio), 0.001);
  EXPECT_EQ(loaded->Get(kDelay), milliseconds(100));
  EXPECT_EQ(loaded->Get(kSize).bytes, 1LL << 30);
  EXPECT_EQ(loaded->Get(kColour), Colour::kDeepBlue);
  EXPECT_EQ(loaded->OriginOf(kName), file_ + ":3");
  EXPECT_EQ(loaded->OriginOf(kCount), file_ + ":6");
}

TEST_F(ConfigurationTest, EmptyFilesAndSectionsAreFine) {
  for (const char* yaml : {"", "# nothing\n", "---\n", "a:\n  # name: x\n"})
    EXPECT_TRUE(Load(yaml).ok()) << yaml;
  EXPECT_TRUE(LoadConfiguration({}).ok());
}

TEST_F(ConfigurationTest, LaterSourcesWin) {
  const Result<Configuration> loaded = Load("a.name: file\na.count: 1\na.size: 1k\n",
                                            "# comment\n\na.name: 'environment'\r\n a.count : 2\n",
                                            {"a.name=first", "a.name=argument=x"});
  ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
  EXPECT_EQ(loaded->Get(kName), "argument=x");
  EXPECT_EQ(loaded->OriginOf(kName), "-Da.name");
  EXPECT_EQ(loaded->Get(kCount), 2);
  EXPECT_EQ(loaded->OriginOf(kCount), "WEIR_PROPERTIES line 4");
  EXPECT_EQ(loaded->Get(kSize).bytes, 1024);
}

TEST_F(ConfigurationTest, UnknownKeysAreErrorsThatNameFileLineAndNearestKey) {
  const ConfigurationSources sources{.file = file_};
  ASSERT_TRUE(
      LocalFileSystem()
          .WriteFileAtomically(file_, "rest:\n  port: 1\ntaskmanager:\n  numberOfTaskSlot: 2\n")
          .ok());
  EXPECT_EQ(LoadConfiguration(sources).status().message(),
            file_ +
                ":4: unknown key 'taskmanager.numberOfTaskSlot'; did you mean "
                "'taskmanager.numberOfTaskSlots'?");
  EXPECT_EQ(Error("\n\nsomething.else.altogether: 1\n"),
            ":3: unknown key 'something.else.altogether'");
  EXPECT_EQ(Error("a:\n  nam:\n"), ":2: unknown key 'a.nam'; did you mean 'a.name'?");
}

TEST_F(ConfigurationTest, WrongTypesAreErrorsThatSayWhatWasExpected) {
  EXPECT_EQ(Error("a.count: many"), ":1: 'a.count' is 'many'; expected an integer from 1 to 10");
  EXPECT_EQ(Error("a.count: 11"), ":1: 'a.count' is '11'; expected an integer from 1 to 10");
  EXPECT_EQ(Error("a.flag: 1"), ":1: 'a.flag' is '1'; expected true or false");
  EXPECT_EQ(Error("a.ratio: half"), ":1: 'a.ratio' is 'half'; expected a number");
  EXPECT_EQ(Error("a.delay: 0"),
            ":1: 'a.delay' is '0'; expected a duration of at least 1 ms, such as '10 s'");
  EXPECT_EQ(Error("a.size: 1 parsec"),
            ":1: 'a.size' is '1 parsec'; expected a memory size, such as '64 mb'");
  EXPECT_EQ(Error("a.colour: green"), ":1: 'a.colour' is 'green'; expected one of red, deep-blue");
  EXPECT_EQ(Error("a:\n  count: [1]"), ":2: 'a.count' is a list; expected an integer from 1 to 10");
  EXPECT_EQ(Error("a.count:\n  x: 1"), ":1: 'a.count' is a map; expected a value");
  EXPECT_EQ(Error("a.count:"), ":1: 'a.count' has no value");
  EXPECT_EQ(Error("a.name: |\n  x\n  y\n"),
            ":1: 'a.name' is more than one line; expected text on one line");
  EXPECT_EQ(Error("a.list:\n- x\n- y;z\n"), ":3: an item of 'a.list' holds a ';'");
}

TEST_F(ConfigurationTest, DefectiveFilesAreErrorsWithTheirPlace) {
  EXPECT_THAT(Error("a.name: x\n  b: [\n"), HasSubstr(":2: not YAML: "));
  EXPECT_EQ(Error("- a\n"), ":1: expected a map of settings");
  EXPECT_EQ(Error("a.count: 1\n---\na.count: 2\n"), ":3: a second YAML document");
  EXPECT_EQ(Error("a.count: 1\na:\n  count: 2\n"),
            ":3: 'a.count' is given a second time (first: " + file_ + ":1)");
  EXPECT_EQ(Error("[a]: 1\n"), ":1: a key must be text");
  EXPECT_EQ(LoadConfiguration({.file = file_ + "-missing"}).status().code(), StatusCode::kNotFound);
}

TEST_F(ConfigurationTest, AllErrorsOfAllSourcesAreReportedTogether) {
  const Status failed =
      Load("a.count: x\na.nmae: y\n", "a.flag: maybe\nnonsense\na.name: 1\na.name: 2\n",
           {"a.delay=soon", "novalue", "=1"})
          .status();
  EXPECT_EQ(failed.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(
      failed.message(),
      file_ + ":1: 'a.count' is 'x'; expected an integer from 1 to 10\n" + file_ +
          ":2: unknown key 'a.nmae'; did you mean 'a.name'?\n"
          "WEIR_PROPERTIES line 1: 'a.flag' is 'maybe'; expected true or false\n"
          "WEIR_PROPERTIES line 2: 'nonsense' is not of the form 'key: value'\n"
          "WEIR_PROPERTIES line 4: 'a.name' is given a second time (first: WEIR_PROPERTIES line "
          "3)\n"
          "-Da.delay: 'a.delay' is 'soon'; expected a duration of at least 1 ms, such as '10 s'\n"
          "-Dnovalue: expected -Dkey=value\n"
          "-D=1: expected -Dkey=value");
}

TEST_F(ConfigurationTest, TravelsAsProperties) {
  Configuration configuration(kRegistry);
  for (const char* name : {"plain", " blanks ", "\"quoted\"", "'", "", "a: b # c", "\""}) {
    ASSERT_TRUE(configuration.Set(kName, name).ok());
    ASSERT_TRUE(configuration.Set(kCount, "5").ok());
    const Result<Configuration> read = LoadConfiguration(
        {.environment = configuration.ToProperties()}, LocalFileSystem(), kRegistry);
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    EXPECT_EQ(read->Get(kName), name);
    EXPECT_EQ(read->Get(kCount), 5);
  }
}

TEST_F(ConfigurationTest, SetChecksAndMergeReplaces) {
  Configuration cluster(kRegistry);
  ASSERT_TRUE(cluster.Set(kName, "cluster").ok());
  ASSERT_TRUE(cluster.Set(kCount, "1").ok());
  EXPECT_EQ(cluster.Set(kCount, "0").message(),
            "set by the program: 'a.count' is '0'; expected an integer from 1 to 10");
  EXPECT_EQ(cluster.Get(kCount), 1) << "a refused value changes nothing";
  Configuration job(kRegistry);
  ASSERT_TRUE(job.Set("a.name", "job", "the submission").ok());
  cluster.MergeFrom(job);
  EXPECT_EQ(cluster.Get(kName), "job");
  EXPECT_EQ(cluster.OriginOf(kName), "the submission");
  EXPECT_EQ(cluster.Get(kCount), 1);
  ASSERT_EQ(cluster.Entries().size(), 2U);
  EXPECT_EQ(cluster.Entries()[0].key, "a.count");
}

TEST(SettingsTest, EveryDeclarationIsListedOnceAndHasAValidDefault) {
  std::size_t declared = 0;
  for (const char* const path :
       {"/common/settings.h", "/common/checkpoint_settings.h", "/common/rocksdb_metric_settings.h",
        "/common/state_backend_settings.h"}) {
    const std::string header =
        *LocalFileSystem().ReadFile(WEIR_SOURCE_DIRECTORY + std::string(path));
    for (std::size_t at = header.find("constexpr Setting<"); at != header.npos;
         at = header.find("constexpr Setting<", at + 1)) {
      ++declared;
    }
  }
  EXPECT_EQ(ListSettings().size(), declared)
      << "setting_registry.cc lists the settings of these headers";
  std::set<std::string_view> keys;
  for (const SettingDescription* setting : ListSettings()) {
    EXPECT_TRUE(keys.insert(setting->key).second) << setting->key;
    EXPECT_FALSE(setting->description.empty()) << setting->key;
    if (setting->has_default == SettingDefault::kValue) {
      const Status valid = CheckSettingText(*setting, setting->default_text);
      EXPECT_TRUE(valid.ok()) << valid.ToString();
    }
  }
}

TEST(SettingsTest, KeysAndDefaultsOfFlinkStay) {
  const Configuration configuration;
  EXPECT_EQ(configuration.Get(settings::kJobManagerRpcPort), 6123);
  EXPECT_EQ(configuration.Get(settings::kRestPort), 8081);
  EXPECT_EQ(configuration.Get(settings::kTaskManagerSlots), 1);
  EXPECT_EQ(configuration.Get(settings::kHeartbeatTimeout), milliseconds(50'000));
  EXPECT_EQ(configuration.Get(settings::kSlotRequestTimeout), milliseconds(300'000));
  EXPECT_FALSE(configuration.Find(settings::kRestartStrategy));
  EXPECT_FALSE(configuration.Find(settings::kCheckpointingInterval));
  EXPECT_EQ(configuration.Get(settings::kCheckpointingTimeout), milliseconds(600'000));
  EXPECT_EQ(configuration.Get(settings::kCheckpointingInlineThreshold).bytes, 20 << 10);
  EXPECT_EQ(configuration.Get(settings::kCheckpointingMode), CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(configuration.Get(settings::kCheckpointingRetention), CheckpointRetention::kNone);
  EXPECT_EQ(configuration.Get(settings::kLogLevel), LogLevel::kInfo);
  EXPECT_EQ(configuration.Get(settings::kWebUploadMaxSize).bytes, 256LL << 20);
  EXPECT_FALSE(configuration.Get(settings::kAllowUnauthenticatedRemote));
  EXPECT_EQ(configuration.Get(settings::kJobManagerBindHost), "127.0.0.1");
}

TEST(SettingsTest, TheDocumentedTableIsTheRegistry) {
  const std::string path = WEIR_SOURCE_DIRECTORY "/docs/configuration.md";
  const std::string page = *LocalFileSystem().ReadFile(path);
  const std::size_t table_at = page.find("| Key |");
  ASSERT_NE(table_at, std::string::npos);
  const std::string expected = page.substr(0, table_at) + SettingsAsMarkdown(ListSettings());
  if (page != expected && std::getenv("WEIR_UPDATE_DOCUMENTS") != nullptr) {
    ASSERT_TRUE(LocalFileSystem().WriteFileAtomically(path, expected).ok());
    return;
  }
  EXPECT_EQ(page, expected) << "run this test with WEIR_UPDATE_DOCUMENTS=1 to rewrite " << path;
}

}  // namespace
}  // namespace weir
