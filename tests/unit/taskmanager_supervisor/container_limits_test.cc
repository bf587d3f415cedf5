// What follows from the limits of a container, and what does not override a setting.
#include "taskmanager/supervisor/container_limits.h"

#include <gtest/gtest.h>

#include "common/log_capture.h"
#include "common/settings.h"
#include "taskmanager/supervisor/memory_kills.h"

namespace weir::supervisor {
namespace {

struct LimitsCase {
  std::optional<double> core_limit;
  std::int64_t slots;
};

TEST(ContainerLimitsTest, WholeCoresBecomeSlots) {
  for (const LimitsCase& row : {LimitsCase{std::nullopt, 1}, LimitsCase{0.5, 1}, LimitsCase{1, 1},
                                LimitsCase{2.9, 2}, LimitsCase{7, 7}, LimitsCase{64, 8}}) {
    MachineResources machine{.physical_memory_bytes = 1LL << 34, .cores = 8};
    machine.core_limit = row.core_limit;
    Configuration configuration;
    ASSERT_TRUE(ApplyContainerLimits(machine, configuration).ok());
    EXPECT_EQ(configuration.Get(settings::kTaskManagerSlots), row.slots);
    EXPECT_FALSE(configuration.IsSet(settings::kTaskManagerMemoryProcessSize));
  }
}

TEST(ContainerLimitsTest, TheMemoryLimitBecomesTheBudget) {
  MachineResources machine{.physical_memory_bytes = 1LL << 34, .cores = 8};
  machine.memory_limit_bytes = 512LL << 20;
  Configuration configuration;
  ASSERT_TRUE(ApplyContainerLimits(machine, configuration).ok());
  EXPECT_EQ(configuration.Find(settings::kTaskManagerMemoryProcessSize)->bytes, 512LL << 20);
  EXPECT_FALSE(configuration.IsSet(settings::kTaskManagerSlots));
}

TEST(ContainerLimitsTest, SettingsCountMoreThanLimits) {
  MachineResources machine{.physical_memory_bytes = 1LL << 34, .cores = 8};
  machine.core_limit = 4;
  machine.memory_limit_bytes = 512LL << 20;
  Configuration configuration;
  ASSERT_TRUE(configuration.Set(settings::kTaskManagerSlots, "3").ok());
  ASSERT_TRUE(configuration.Set(settings::kTaskManagerMemoryProcessSize, "400 mb").ok());
  ASSERT_TRUE(ApplyContainerLimits(machine, configuration).ok());
  EXPECT_EQ(configuration.Get(settings::kTaskManagerSlots), 3);
  EXPECT_EQ(configuration.Find(settings::kTaskManagerMemoryProcessSize)->bytes, 400LL << 20);
}

TEST(ContainerLimitsTest, RefusesMoreMemoryThanTheLimit) {
  MachineResources machine{.physical_memory_bytes = 1LL << 34, .cores = 8};
  machine.memory_limit_bytes = 512LL << 20;
  Configuration configuration;
  ASSERT_TRUE(configuration.Set(settings::kTaskManagerMemoryProcessSize, "512 mb").ok());
  ASSERT_TRUE(ApplyContainerLimits(machine, configuration).ok());
  ASSERT_TRUE(configuration.Set(settings::kTaskManagerMemoryProcessSize, "513 mb").ok());
  const Status refused = ApplyContainerLimits(machine, configuration);
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(refused.message().find("taskmanager.memory.process.size"), std::string::npos);
  EXPECT_NE(refused.message().find("536870912"), std::string::npos) << refused.message();
}

TEST(AdvertisedHostTest, IsTheSettingElseTheAddressThatIsBound) {
  Configuration configuration;
  EXPECT_EQ(*AdvertisedHost(configuration), "127.0.0.1");
  ASSERT_TRUE(configuration.Set(settings::kTaskManagerBindHost, "10.1.2.3").ok());
  EXPECT_EQ(*AdvertisedHost(configuration), "10.1.2.3");
  ASSERT_TRUE(configuration.Set(settings::kTaskManagerHost, "worker-7").ok());
  EXPECT_EQ(*AdvertisedHost(configuration), "worker-7");
}

TEST(AdvertisedHostTest, IsNeverAWildcard) {
  for (const char* wildcard : {"0.0.0.0", "::"}) {
    Configuration configuration;
    ASSERT_TRUE(configuration.Set(settings::kTaskManagerBindHost, wildcard).ok());
    const Result<std::string> host = AdvertisedHost(configuration);
    // A machine whose name has no address of its own gets an error that says what to set.
    if (!host.ok()) {
      EXPECT_NE(host.status().message().find("taskmanager.host"), std::string::npos);
      continue;
    }
    EXPECT_NE(*host, wildcard);
    EXPECT_NE(*host, "127.0.0.1");
  }
}

TEST(MemoryKillsTest, EachKillOfTheKernelExplainsOneEnd) {
  std::optional<std::int64_t> count = 4;
  MemoryKills kills([&] { return count; });
  EXPECT_FALSE(kills.TakeOne());
  count = 6;
  EXPECT_TRUE(kills.TakeOne());
  EXPECT_TRUE(kills.TakeOne());
  EXPECT_FALSE(kills.TakeOne());
  count = std::nullopt;
  EXPECT_FALSE(kills.TakeOne());
}

TEST(ContainerLimitsTest, SaysWhatCouldNotBeRead) {
  LogCapture log;
  EXPECT_EQ(ResourcesOrWarning(MachineResources{.cores = 3}).cores, 3);
  EXPECT_TRUE(log.lines().empty());
  const MachineResources unknown = ResourcesOrWarning(ReadMachineResources("/no-such-proc"));
  EXPECT_EQ(unknown.cores, 1);
  EXPECT_EQ(unknown.usable_memory_bytes(), 0);
  ASSERT_EQ(log.lines().size(), 1U);
  EXPECT_EQ(log.lines()[0].level, LogLevel::kWarning);
  EXPECT_TRUE(log.Contains("/no-such-proc/meminfo"));
  EXPECT_TRUE(log.Contains("taskmanager.numberOfTaskSlots"));
}

}  // namespace
}  // namespace weir::supervisor
