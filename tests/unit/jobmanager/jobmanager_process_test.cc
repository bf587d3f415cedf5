// weir-jobmanager as a process: start, ports, signals, exit codes.
#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <weir/internal/plugin.h>

#include "common/clock.h"
#include "common/process_spawner.h"
#include "common/temporary_directory.h"
#include "common/text.h"

namespace weir::jobmanager {
namespace {

using testing::HasSubstr;
constexpr std::int64_t kDeadlineMillis = 30'000;

class JobManagerProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = Concat(directory_.path(), "/lib/weir/abi-", internal::kAbiNumber);
    std::filesystem::create_directories(folder);
    std::filesystem::create_directories(directory_.path() + "/bin");
    std::ofstream(folder + "/weir-worker") << "#!/bin/sh\nexit 1\n";
  }

  std::unique_ptr<ChildProcess> Start(std::vector<std::string> arguments) {
    arguments.push_back("--program-directory=" + directory_.path() + "/bin");
    auto process = spawner_.Spawn({.program = WEIR_JOBMANAGER_PROGRAM,
                                   .arguments = std::move(arguments),
                                   .standard_output = StandardStream::Capture(1 << 16),
                                   .standard_error = StandardStream::Capture(1 << 16)});
    EXPECT_TRUE(process.ok()) << process.status().ToString();
    return *std::move(process);
  }

  TemporaryDirectory directory_ = *TemporaryDirectory::Create();
  ProcessSpawner spawner_;
};

TEST_F(JobManagerProcessTest, WritesItsAddressesAndEndsWhenAsked) {
  const std::string addresses = directory_.path() + "/addresses.json";
  const auto process =
      Start({"-Drest.port=0", "-Djobmanager.rpc.port=0", "--address-file", addresses});
  // Written by a rename: what is there is whole.
  const std::int64_t deadline_ms = SystemClock().MonotonicMillis() + kDeadlineMillis;
  while (!std::filesystem::exists(addresses) && !process->exit_status() &&
         SystemClock().MonotonicMillis() < deadline_ms) {
    const auto ended = process->WaitExit(5);
    if (ended.ok()) break;
  }
  ASSERT_TRUE(std::filesystem::exists(addresses)) << process->StandardErrorTail().text;
  const nlohmann::json written = nlohmann::json::parse(std::ifstream(addresses));
  EXPECT_THAT(written["rpc"].get<std::string>(), testing::MatchesRegex("127.0.0.1:[1-9][0-9]*"));
  EXPECT_THAT(written["rest"].get<std::string>(), testing::MatchesRegex("127.0.0.1:[1-9][0-9]*"));
  ASSERT_TRUE(process->Kill(SIGTERM).ok());
  const auto exit = process->WaitExit(kDeadlineMillis);
  ASSERT_TRUE(exit.ok());
  EXPECT_TRUE(exit->success()) << exit->ToString() << process->StandardErrorTail().text;
}

TEST_F(JobManagerProcessTest, ReportsAllConfigurationErrorsAtOnce) {
  const auto process = Start({"-Drest.prt=0", "-Dheartbeat.interval=soon"});
  const auto exit = process->WaitExit(kDeadlineMillis);
  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->exit_code, 2);
  const std::string said = process->StandardErrorTail().text;
  EXPECT_THAT(said, HasSubstr("did you mean 'rest.port'"));
  EXPECT_THAT(said, HasSubstr("heartbeat.interval"));
}

TEST_F(JobManagerProcessTest, RefusesAnUnprotectedPort) {
  const auto process =
      Start({"-Drest.port=0", "-Djobmanager.rpc.port=0", "-Djobmanager.bind-host=0.0.0.0"});
  const auto exit = process->WaitExit(kDeadlineMillis);
  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->exit_code, 1);
  EXPECT_THAT(process->StandardErrorTail().text,
              HasSubstr("security.allow-unauthenticated-remote"));
}

TEST_F(JobManagerProcessTest, AnUnknownArgumentIsAnError) {
  const auto process = Start({"--colour=red"});
  const auto exit = process->WaitExit(kDeadlineMillis);
  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->exit_code, 2);
}

}  // namespace
}  // namespace weir::jobmanager
