// weir-embedded-kafka: librdkafka's mock cluster as a process of its own. See embedded_options.cc
// for what it can and cannot do.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "connectors/kafka/embedded/discarded_records_watch.h"
#include "connectors/kafka/embedded/embedded_options.h"

namespace weir::kafka {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
constexpr int kExitRecordsDiscarded = 3;
constexpr long kWatchIntervalNanoseconds = 200'000'000;
constexpr int kWatchTimeoutMs = 1000;

void PrintError(const std::string& message) {
  std::fprintf(stderr, "weir-embedded-kafka: %s\n", message.c_str());
}

// Readers see either no file or the whole line: written beside and renamed.
bool WriteBootstrapFile(const std::string& path, const std::string& servers) {
  const std::string temporary = path + ".tmp." + std::to_string(getpid());
  std::FILE* file = std::fopen(temporary.c_str(), "we");
  bool ok = file != nullptr;
  ok = ok && std::fprintf(file, "%s\n", servers.c_str()) > 0;
  if (file != nullptr) ok = std::fclose(file) == 0 && ok;
  ok = ok && std::rename(temporary.c_str(), path.c_str()) == 0;
  if (!ok) PrintError("cannot write " + path + ": " + std::strerror(errno));
  return ok;
}

// Asks the kernel for a SIGTERM when the parent ends; false when it has ended before the question.
bool FollowParent(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) {
    PrintError(std::string("prctl(PR_SET_PDEATHSIG): ") + std::strerror(errno));
    return false;
  }
  return getppid() == parent;
}

class EmbeddedCluster {
 public:
  EmbeddedCluster() = default;
  EmbeddedCluster(const EmbeddedCluster&) = delete;
  EmbeddedCluster& operator=(const EmbeddedCluster&) = delete;
  ~EmbeddedCluster() {
    if (cluster_ != nullptr) rd_kafka_mock_cluster_destroy(cluster_);
    if (client_ != nullptr) rd_kafka_destroy(client_);
  }

  bool Start(const std::vector<EmbeddedTopic>& topics) {
    char error[512] = "the mock cluster did not start";
    rd_kafka_conf_t* configuration = rd_kafka_conf_new();
    // The host handle itself connects nowhere: only warnings and worse are worth a line.
    rd_kafka_conf_set(configuration, "log_level", "4", nullptr, 0);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, error, sizeof(error));
    if (client_ == nullptr) rd_kafka_conf_destroy(configuration);
    if (client_ != nullptr) cluster_ = rd_kafka_mock_cluster_new(client_, /*broker_cnt=*/1);
    if (cluster_ == nullptr) {
      PrintError(error);
      return false;
    }
    for (const EmbeddedTopic& topic : topics) {
      const rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(
          cluster_, topic.name.c_str(), topic.partitions, /*replication_factor=*/1);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      PrintError("cannot create topic '" + topic.name + "': " + rd_kafka_err2str(code));
      return false;
    }
    return true;
  }

  std::string bootstrap_servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }

 private:
  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

// Until one of `signals` (blocked in every thread) arrives; looks for discarded records meanwhile.
void RunUntilSignal(const sigset_t& signals, DiscardedRecordsWatch& watch) {
  const timespec interval{0, kWatchIntervalNanoseconds};
  while (sigtimedwait(&signals, nullptr, &interval) < 0) {
    if (errno == EAGAIN) watch.Look(kWatchTimeoutMs);
  }
  watch.Look(kWatchTimeoutMs);
}

int Run(const EmbeddedOptions& options, pid_t parent) {
  // Before librdkafka makes its threads, so that all of them inherit the mask.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  if (options.die_with_parent && !FollowParent(parent)) return kExitFailure;

  EmbeddedCluster cluster;
  if (!cluster.Start(options.topics)) return kExitFailure;
  const std::string servers = cluster.bootstrap_servers();
  DiscardedRecordsWatch watch(servers);
  if (!watch.ok()) return kExitFailure;
  std::printf(
      "weir-embedded-kafka: NOT FOR PRODUCTION: in memory, newest 5 MiB per partition, no "
      "read_committed\nbootstrap.servers=%s\n",
      servers.c_str());
  std::fflush(stdout);
  if (!options.bootstrap_file.empty() && !WriteBootstrapFile(options.bootstrap_file, servers)) {
    return kExitFailure;
  }
  RunUntilSignal(signals, watch);
  if (!options.bootstrap_file.empty()) unlink(options.bootstrap_file.c_str());
  watch.PrintSummary();
  return watch.anything_discarded() ? kExitRecordsDiscarded : 0;
}

}  // namespace
}  // namespace weir::kafka

int main(int argc, char** argv) {
  const pid_t parent = getppid();
  std::string error;
  const auto options =
      weir::kafka::ParseEmbeddedOptions(std::vector<std::string>(argv + 1, argv + argc), &error);
  if (!options) {
    weir::kafka::PrintError(error + " (--help shows what there is)");
    return weir::kafka::kExitUsage;
  }
  if (options->help) {
    std::fputs(weir::kafka::EmbeddedUsage(), stdout);
    return 0;
  }
  return weir::kafka::Run(*options, parent);
}
