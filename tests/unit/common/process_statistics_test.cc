#include "common/process_statistics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/file_system.h"
#include "common/temporary_directory.h"

namespace weir {
namespace {

TEST(ProcessStatisticsTest, DescribesThisProcess) {
  const Result<ProcessStatistics> statistics = ReadProcessStatistics(::getpid());
  ASSERT_TRUE(statistics.ok()) << statistics.status().ToString();
  EXPECT_GT(statistics->resident_bytes, 1 << 20);
  EXPECT_GT(statistics->proportional_bytes, 0);
  EXPECT_LE(statistics->proportional_bytes, statistics->resident_bytes);
  EXPECT_LE(statistics->anonymous_bytes, statistics->resident_bytes);
  EXPECT_GE(statistics->threads, 1);
  EXPECT_GE(statistics->open_descriptors, 3);
  EXPECT_GE(statistics->cpu_seconds, 0);
  EXPECT_GT(*ReadResidentBytes(::getpid()), 1 << 20);
  // No process has this number: the kernel's limit is 2^22.
  EXPECT_EQ(ReadProcessStatistics(1 << 23).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ReadResidentBytes(1 << 23).status().code(), StatusCode::kNotFound);
}

class FakeProcTest : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& content) {
    const std::string full = folder_.path() + "/" + path;
    ASSERT_TRUE(LocalFileSystem().CreateDirectories(full.substr(0, full.rfind('/'))).ok());
    ASSERT_TRUE(LocalFileSystem().WriteFileAtomically(full, content, FileDurability::kNone).ok());
  }
  Result<MachineResources> Machine() {
    return ReadMachineResources(folder_.path() + "/proc", folder_.path() + "/cgroup");
  }
  std::optional<std::int64_t> MemoryKills() {
    return ReadMemoryKills(folder_.path() + "/proc", folder_.path() + "/cgroup");
  }
  TemporaryDirectory folder_ = *TemporaryDirectory::Create();
};

TEST_F(FakeProcTest, ReadsAStatLineWhoseNameHoldsBrackets) {
  Write("7/stat", "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 12 0 99 0 0\n");
  Write("7/smaps_rollup",
        "0-1 ---p\nRss:   100 kB\nPss:  40 kB\nPss_Anon: 1 kB\nAnonymous:  30 kB\n");
  Write("7/fd/0", "");
  Write("7/statm", "500 25 3 4 5 6 7\n");
  const Result<ProcessStatistics> statistics = ReadProcessStatistics(7, folder_.path());
  ASSERT_TRUE(statistics.ok()) << statistics.status().ToString();
  EXPECT_EQ(statistics->threads, 12);
  EXPECT_DOUBLE_EQ(statistics->cpu_seconds, 200.0 / static_cast<double>(::sysconf(_SC_CLK_TCK)));
  EXPECT_EQ(statistics->resident_bytes, 100 * 1024);
  EXPECT_EQ(statistics->proportional_bytes, 40 * 1024);
  EXPECT_EQ(statistics->anonymous_bytes, 30 * 1024);
  EXPECT_EQ(statistics->open_descriptors, 1);
  EXPECT_EQ(*ReadResidentBytes(7, folder_.path()), 25 * ::sysconf(_SC_PAGESIZE));
  Write("7/stat", "7 nonsense");
  EXPECT_EQ(ReadProcessStatistics(7, folder_.path()).status().code(), StatusCode::kInternal);
}

TEST_F(FakeProcTest, FindsTheLeastLimitOfVersionTwo) {
  Write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\n");
  Write("proc/self/cgroup", "0::/pod/container\n");
  Write("cgroup/pod/memory.max", "4294967296\n");
  Write("cgroup/pod/container/memory.max", "max\n");
  Write("cgroup/pod/container/cpu.max", "150000 100000\n");
  Write("cgroup/pod/cpu.max", "max 100000\n");
  const Result<MachineResources> machine = Machine();
  ASSERT_TRUE(machine.ok()) << machine.status().ToString();
  EXPECT_EQ(machine->physical_memory_bytes, 16LL << 30);
  EXPECT_EQ(machine->memory_limit_bytes, 4LL << 30);
  EXPECT_EQ(machine->usable_memory_bytes(), 4LL << 30);
  EXPECT_EQ(machine->core_limit, 1.5);
  EXPECT_GE(machine->cores, 1);
}

TEST_F(FakeProcTest, FindsTheLimitsOfVersionOneAndKnowsNoLimit) {
  Write("proc/meminfo", "MemTotal:       16777216 kB\n");
  Write("proc/self/cgroup", "4:memory:/job\n1:cpu,cpuacct:/\n0::/\n");
  Write("cgroup/memory/job/memory.limit_in_bytes", "1073741824\n");
  Write("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  Write("cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  Write("cgroup/cpu/cpu.cfs_period_us", "100000\n");
  const Result<MachineResources> machine = Machine();
  ASSERT_TRUE(machine.ok()) << machine.status().ToString();
  EXPECT_EQ(machine->memory_limit_bytes, 1LL << 30);
  EXPECT_EQ(machine->core_limit, std::nullopt);
  Write("proc/self/cgroup", "");
  EXPECT_EQ(Machine()->memory_limit_bytes, std::nullopt);
  EXPECT_EQ(Machine()->usable_memory_bytes(), 16LL << 30);
}

TEST_F(FakeProcTest, CountsWhatWasKilledForWantOfMemory) {
  Write("proc/self/cgroup", "4:memory:/job\n0::/pod\n");
  EXPECT_EQ(MemoryKills(), std::nullopt);
  Write("cgroup/pod/memory.events", "low 0\noom 5\noom_kill 3\noom_group_kill 1\n");
  EXPECT_EQ(MemoryKills(), 3);
  // In a container the root is the group itself, and the path to it is not there.
  Write("cgroup/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n");
  EXPECT_EQ(MemoryKills(), 7);
  Write("cgroup/memory/job/memory.oom_control", "oom_kill_disable 0\noom_kill 2\n");
  EXPECT_EQ(MemoryKills(), 2);
}

TEST(MachineResourcesTest, ReadsThisMachine) {
  const Result<MachineResources> machine = ReadMachineResources();
  ASSERT_TRUE(machine.ok()) << machine.status().ToString();
  EXPECT_GT(machine->usable_memory_bytes(), 64 << 20);
  EXPECT_GT(machine->usable_cores(), 0);
}

}  // namespace
}  // namespace weir
