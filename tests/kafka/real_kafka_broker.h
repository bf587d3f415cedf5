// A real Apache Kafka broker for tests: one node in KRaft combined mode, on loopback.
#pragma once

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include <weir/status.h>

#include "tests/kafka/child_process.h"
#include "tests/kafka/port_reservation.h"

namespace weir::test {

struct RealKafkaOptions {
  std::string version = "4.1.2";
  int heap_mib = 512;
  // Further lines of server.properties.
  std::vector<std::string> properties;
};

// Fetches the jars where needed (see kafka_distribution.h), formats a data folder of its own under
// the temporary folder, and runs the broker. The ports are chosen by the kernel and stay the
// broker's until it is destroyed, so that a stopped or killed one comes back at the same address
// with the same data. Topics are not created by asking for them.
//
// Not thread-safe. Start and Restart: on a thread that lives as long as the broker (see
// child_process.h).
class RealKafkaBroker {
 public:
  // Starts a broker and waits until it answers (3-4 s). kUnavailable, with the reason, where no
  // broker can be had on this machine: a test then says GTEST_SKIP() << "SKIPPED: real Kafka: " <<
  // message.
  static Result<std::unique_ptr<RealKafkaBroker>> Start(RealKafkaOptions options = {});
  // Kills the broker and removes its data.
  ~RealKafkaBroker();
  RealKafkaBroker(const RealKafkaBroker&) = delete;
  RealKafkaBroker& operator=(const RealKafkaBroker&) = delete;

  // "127.0.0.1:PORT"
  std::string bootstrap_servers() const;

  // Creates a topic and waits until each of its partitions has a leader.
  Status CreateTopic(const std::string& name, int partitions,
                     const std::vector<std::pair<std::string, std::string>>& properties = {});
  // Deletes the records of a partition before `offset` (Kafka's DeleteRecords).
  Status DeleteRecordsBefore(const std::string& topic, int partition, std::int64_t offset);

  // In order, as an operator would (SIGTERM); kills it after 30 s.
  Status Stop();
  // kill -9
  Status Kill();
  // Lets the broker stand still with its connections open, and go on (SIGSTOP, SIGCONT).
  void Pause() { process_.Signal(SIGSTOP); }
  void Resume() { process_.Signal(SIGCONT); }
  // The same data, the same ports; waits until it answers. Precondition: stopped or killed.
  Status Restart();

  bool running() { return process_.running(); }
  // Where the broker writes what it has to say.
  std::string log_file() const { return folder_ + "/broker.log"; }

 private:
  RealKafkaBroker() = default;
  Status Format();
  Status Launch();
  Status WaitUntilItAnswers();
  std::vector<std::string> JavaCommand(const std::string& main_class) const;
  void WriteProperties() const;

  RealKafkaOptions options_;
  std::string libraries_;
  std::string folder_;
  PortReservation broker_port_;
  PortReservation controller_port_;
  ChildProcess process_;
};

}  // namespace weir::test
