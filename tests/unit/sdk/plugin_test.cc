#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <weir/internal/plugin.h>
#include <weir/internal/toolchain.h>

namespace weir {
namespace {

using internal::JobInputs;
using internal::PluginRecord;

std::string OutputOf(const std::string& command) {
  std::string output;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 4096> buffer;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), count);
  }
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return output;
}

class PluginTest : public ::testing::Test {
 protected:
  PluginTest() {
    void* library = ::dlopen(WEIR_TEST_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) ADD_FAILURE() << ::dlerror();
    void* symbol = library == nullptr ? nullptr : ::dlsym(library, internal::kPluginSymbol);
    if (symbol != nullptr) record_ = reinterpret_cast<internal::PluginRecordFunction>(symbol)();
  }
  Result<std::unique_ptr<internal::CompiledJob>> Compile(std::string_view name, JobInputs& inputs) {
    for (std::uint32_t i = 0; i < record_->job_count; ++i) {
      if (record_->jobs[i].name == name) return record_->jobs[i].compile(inputs);
    }
    return Status::NotFound(std::string(name));
  }

  const PluginRecord* record_ = nullptr;
};

TEST_F(PluginTest, RecordListsTheJobsOfAllSources) {
  ASSERT_NE(record_, nullptr);
  EXPECT_EQ(record_->abi_number, internal::kAbiNumber);
  EXPECT_STREQ(record_->toolchain, internal::Toolchain());
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < record_->job_count; ++i) names.push_back(record_->jobs[i].name);
  EXPECT_EQ(names, (std::vector<std::string>{"first", "throws", "empty", "from another source"}));
}

TEST_F(PluginTest, ReplaysWhatTheFirstRunSaw) {
  ::setenv("WEIR_TEST_GREETING", "salve", 1);
  JobInputs inputs;
  inputs.recording = true;
  const auto described = Compile("first", inputs);
  ASSERT_TRUE(described.ok()) << described.status().ToString();
  EXPECT_EQ(inputs.environment.at("WEIR_TEST_GREETING"), "salve");
  EXPECT_EQ((*described)->graph().name, "first");

  ::unsetenv("WEIR_TEST_GREETING");
  inputs.recording = false;
  const auto rebuilt = Compile("first", inputs);
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.status().ToString();
  EXPECT_EQ(StructuralHash((*described)->graph()), StructuralHash((*rebuilt)->graph()));

  JobInputs nothing_recorded;
  const auto refused = Compile("first", nothing_recorded);
  EXPECT_NE(refused.status().message().find("'WEIR_TEST_GREETING'"), std::string::npos);
}

TEST_F(PluginTest, ErrorsOfTheJobFunctionBecomeStatus) {
  JobInputs inputs;
  const Status threw = Compile("throws", inputs).status();
  EXPECT_EQ(threw.domain(), ErrorDomain::kUser);
  EXPECT_EQ(threw.message(), "the function of job 'throws' threw no luck");
  const Status empty = Compile("empty", inputs).status();
  EXPECT_EQ(empty.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(empty.message().find("no sources"), std::string::npos);
}

TEST_F(PluginTest, NotesNameEveryJobWithoutLoading) {
  const std::string notes = OutputOf(WEIR_READELF " -p .note.weir " WEIR_TEST_PLUGIN);
  const auto count = [&notes](std::string_view text) {
    std::size_t found = 0;
    for (auto at = notes.find(text); at != std::string::npos; at = notes.find(text, at + 1))
      ++found;
    return found;
  };
  EXPECT_EQ(count("abi=" + std::to_string(internal::kAbiNumber)), 4u) << notes;
  EXPECT_EQ(count(std::string("toolchain=") + internal::Toolchain()), 4u) << notes;
  for (const char* job : {"job=first", "job=throws", "job=empty", "job=from another source"}) {
    EXPECT_EQ(count(job), 1u) << job << notes;
  }
  // The linker has put them where a reader of notes looks, as four well-formed records.
  const std::string records = OutputOf(WEIR_READELF " -nW " WEIR_TEST_PLUGIN);
  std::size_t weir_records = 0;
  for (auto at = records.find("  Weir "); at != std::string::npos;
       at = records.find("  Weir ", at + 1)) {
    ++weir_records;
  }
  EXPECT_EQ(weir_records, 4u) << records;
}

TEST_F(PluginTest, ExportsItsRecordAndNothingOfWeir) {
  const std::string symbols =
      OutputOf(WEIR_READELF " --dyn-syms -W " WEIR_TEST_PLUGIN " | grep -v UND");
  EXPECT_NE(symbols.find(internal::kPluginSymbol), std::string::npos);
  EXPECT_EQ(symbols.find("_ZN4weir"), std::string::npos) << symbols;
  EXPECT_EQ(symbols.find("UNIQUE"), std::string::npos) << "two plugins would share: " << symbols;
}

}  // namespace
}  // namespace weir
