// weir-real-kafka: a real Kafka broker for scripts, with the arguments of weir-embedded-kafka.
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "connectors/kafka/embedded/embedded_options.h"
#include "tests/kafka/real_kafka_broker.h"

namespace weir::test {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
constexpr int kExitNoKafka = 4;  // no broker can be had on this machine

constexpr char kUsage[] =
    R"(weir-real-kafka: an Apache Kafka broker for one test or demo; its data is deleted at the end.

Usage: weir-real-kafka [--topic NAME:PARTITIONS]... [--bootstrap-file PATH] [--die-with-parent]

Fetches Kafka with Maven the first time (see tests/kafka/README.md), runs it on loopback ports that the
kernel chooses, creates the topics, then writes the bootstrap servers to PATH and prints them. Runs until
SIGTERM or SIGINT. Exit status: 0 clean, 1 could not start, 2 wrong usage, 3 the broker ended by itself,
4 no Kafka can be had here (no java, no mvn, or the jars cannot be fetched): the reason is printed.
)";

int Fail(int exit_status, const std::string& message) {
  std::fprintf(stderr, "weir-real-kafka: %s\n", message.c_str());
  return exit_status;
}

bool Announce(const std::string& servers, const std::string& path) {
  std::printf("bootstrap.servers=%s\n", servers.c_str());
  std::fflush(stdout);
  if (path.empty()) return true;
  const std::string temporary = path + ".tmp." + std::to_string(getpid());
  std::ofstream file(temporary);
  file << servers << "\n";
  file.close();
  return file && std::rename(temporary.c_str(), path.c_str()) == 0;
}

int RunUntilSignal(RealKafkaBroker& broker, const sigset_t& signals) {
  while (true) {
    const timespec look_at_broker{0, 500'000'000};
    if (sigtimedwait(&signals, nullptr, &look_at_broker) > 0) return 0;
    if (errno == EAGAIN && !broker.running()) {
      return Fail(3, "the broker ended: " + LastLines(broker.log_file(), 10));
    }
  }
}

int Run(const kafka::EmbeddedOptions& options, pid_t parent) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (options.die_with_parent) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) return Fail(kExitFailure, "the parent process has ended");
  }
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  auto broker = RealKafkaBroker::Start();
  if (!broker.ok()) {
    const bool none = broker.status().code() == StatusCode::kUnavailable;
    return Fail(none ? kExitNoKafka : kExitFailure, broker.status().message());
  }
  for (const kafka::EmbeddedTopic& topic : options.topics) {
    const Status created = (*broker)->CreateTopic(topic.name, topic.partitions);
    if (!created.ok()) return Fail(kExitFailure, created.message());
  }
  if (!Announce((*broker)->bootstrap_servers(), options.bootstrap_file)) {
    return Fail(kExitFailure, "cannot write " + options.bootstrap_file);
  }
  const int exit_status = RunUntilSignal(**broker, signals);
  if (!options.bootstrap_file.empty()) unlink(options.bootstrap_file.c_str());
  return exit_status;
}

}  // namespace
}  // namespace weir::test

int main(int argc, char** argv) {
  const pid_t parent = getppid();
  std::string error;
  const auto options =
      weir::kafka::ParseEmbeddedOptions(std::vector<std::string>(argv + 1, argv + argc), &error);
  if (!options) return weir::test::Fail(weir::test::kExitUsage, error);
  if (options->help) {
    std::fputs(weir::test::kUsage, stdout);
    return 0;
  }
  return weir::test::Run(*options, parent);
}
