// Bytes that are none of our protocols, on every port, while a job runs: nothing crashes and no
// record is missed.
#include <string>

#include <gtest/gtest.h>

#include "tests/cluster/neighbour.h"
#include "tests/cluster/raw_connection.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kSeeds = 8;

class GarbageTest : public ClusterTest {};

TEST_F(GarbageTest, OnEveryPortCostsNothing) {
  StartCluster();
  const std::string folder = MakeFolder("neighbour");
  const std::string job = Submit(NeighbourJob(folder, PathOf("end")));
  WaitUntilRunning(job);
  WaitUntil("records arrive", [&] { return CountArrivals(folder) > 1'000; });

  std::map<std::string, SocketAddress> ports = *client().DataPorts();
  ASSERT_EQ(ports.size(), 2U);
  ports["REST"] = cluster().rest_address();
  ports["RPC"] = cluster().rpc_address();
  // A frame header of ours (tests/unit/taskmanager_network has the format's golden bytes) with a
  // wrong checksum.
  const std::string corrupt_frame = std::string("WEIR\x01\x00\x00\x00", 8) + RandomBytes(24, 99);
  for (const auto& [name, address] : ports) {
    for (unsigned seed = 0; seed < kSeeds; ++seed) {
      const auto answer = SendRaw(address, RandomBytes(seed % 2 == 0 ? 65536 : 7, seed), 200ms);
      ASSERT_TRUE(answer.ok()) << name << ": " << answer.status().message();
    }
    ASSERT_TRUE(SendRaw(address, corrupt_frame, 200ms).ok()) << name;
    ASSERT_TRUE(SendRaw(address, "GET / HTTP/9.9\r\n\r\n", 200ms).ok()) << name;
    ASSERT_TRUE(SendRaw(address, "", 50ms).ok()) << name;
    ASSERT_TRUE(SendRaw(address, std::string(1 << 20, 'A'), 200ms).ok()) << name;
  }

  const std::uint64_t before = CountArrivals(folder);
  WaitUntil("the job goes on", [&] { return CountArrivals(folder) > before; });
  Touch(PathOf("end"));
  WaitForState(job, "FINISHED");
  EXPECT_EQ(Job(job).restarts, 0);
  ExpectNothingMissed(folder);
}

}  // namespace
}  // namespace weir::cluster_test
