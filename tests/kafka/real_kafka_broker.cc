#include "tests/kafka/real_kafka_broker.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include <signal.h>
#include <sys/wait.h>

#include "tests/kafka/kafka_admin.h"
#include "tests/kafka/kafka_distribution.h"

namespace weir::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kFormatTimeout(60);
constexpr seconds kStartTimeout(90);
constexpr seconds kStopTimeout(30);
// Any 16 bytes in Base64: these are "weir-kafka-tests".
constexpr char kClusterId[] = "d2Vpci1rYWZrYS10ZXN0cw";

}  // namespace

Result<std::unique_ptr<RealKafkaBroker>> RealKafkaBroker::Start(RealKafkaOptions options) {
  WEIR_ASSIGN_OR_RETURN(std::string libraries, FetchKafka(options.version));
  std::unique_ptr<RealKafkaBroker> broker(new RealKafkaBroker());
  broker->options_ = std::move(options);
  broker->libraries_ = std::move(libraries);
  std::string folder = (fs::temp_directory_path() / "weir-kafka-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    return Status::IoError("mkdtemp " + folder + ": " + std::strerror(errno));
  }
  broker->folder_ = folder;
  WEIR_ASSIGN_OR_RETURN(broker->broker_port_, PortReservation::Make());
  WEIR_ASSIGN_OR_RETURN(broker->controller_port_, PortReservation::Make());
  broker->WriteProperties();
  WEIR_RETURN_IF_ERROR(broker->Format());
  WEIR_RETURN_IF_ERROR(broker->Launch());
  return broker;
}

RealKafkaBroker::~RealKafkaBroker() {
  if (process_.running()) {
    process_.Signal(SIGKILL);
    process_.Wait(kStopTimeout);
  }
  std::error_code ignored;  // nothing depends on it any more, and a destructor cannot report
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

std::string RealKafkaBroker::bootstrap_servers() const {
  return "127.0.0.1:" + std::to_string(broker_port_.port());
}

// Sizes and delays fit for a broker that lives for one test.
void RealKafkaBroker::WriteProperties() const {
  const std::string controller = "127.0.0.1:" + std::to_string(controller_port_.port());
  std::ofstream file(folder_ + "/server.properties");
  file << "process.roles=broker,controller\n"
       << "node.id=1\n"
       << "controller.quorum.voters=1@" << controller << "\n"
       << "listeners=PLAINTEXT://" << bootstrap_servers() << ",CONTROLLER://" << controller << "\n"
       << "advertised.listeners=PLAINTEXT://" << bootstrap_servers() << "\n"
       << "controller.listener.names=CONTROLLER\n"
       << "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
       << "log.dirs=" << folder_ << "/data\n"
       << "auto.create.topics.enable=false\n"
       << "offsets.topic.replication.factor=1\n"
       << "offsets.topic.num.partitions=8\n"
       << "transaction.state.log.replication.factor=1\n"
       << "transaction.state.log.min.isr=1\n"
       << "transaction.state.log.num.partitions=8\n"
       << "group.initial.rebalance.delay.ms=0\n"
       // A killed broker may register again only when its old session has ended (by default 9 s).
       << "broker.session.timeout.ms=3000\n"
       << "broker.heartbeat.interval.ms=500\n"
       // The default of 128 MiB comes out of the heap.
       << "log.cleaner.dedupe.buffer.size=4194304\n"
       // By default a transaction is timed out up to 10 s late.
       << "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000\n";
  for (const std::string& property : options_.properties) file << property << "\n";
}

std::vector<std::string> RealKafkaBroker::JavaCommand(const std::string& main_class) const {
  return {"java",
          "-Xmx" + std::to_string(options_.heap_mib) + "m",
          "-XX:+UseSerialGC",
          "-Dkafka.logs.dir=" + folder_,
          "-cp",
          libraries_ + "/*",
          main_class};
}

Status RealKafkaBroker::Format() {
  std::vector<std::string> command = JavaCommand("kafka.tools.StorageTool");
  for (const char* argument : {"format", "-t", kClusterId, "-c"}) command.emplace_back(argument);
  command.push_back(folder_ + "/server.properties");
  ChildProcess format;
  const std::string log = folder_ + "/format.log";
  WEIR_RETURN_IF_ERROR(format.Start(command, folder_, log));
  const std::optional<int> status = format.Wait(kFormatTimeout);
  if (!status || !WIFEXITED(*status) || WEXITSTATUS(*status) != 0) {
    return Status::Unavailable("StorageTool could not format the data folder: " +
                               LastLines(log, 5));
  }
  return Status::Ok();
}

Status RealKafkaBroker::Launch() {
  std::vector<std::string> command = JavaCommand("kafka.Kafka");
  command.push_back(folder_ + "/server.properties");
  WEIR_RETURN_IF_ERROR(process_.Start(command, folder_, log_file()));
  return WaitUntilItAnswers();
}

Status RealKafkaBroker::WaitUntilItAnswers() {
  KafkaAdmin admin(bootstrap_servers());
  const auto deadline = steady_clock::now() + kStartTimeout;
  while (steady_clock::now() < deadline) {
    if (!process_.running()) {
      return Status::Unavailable("the broker ended while starting: " + LastLines(log_file(), 10));
    }
    if (admin.BrokerCount(milliseconds(500)) == 1) return Status::Ok();
  }
  return Status(StatusCode::kTimedOut,
                "the broker did not answer within 90 s: " + LastLines(log_file(), 10));
}

Status RealKafkaBroker::CreateTopic(
    const std::string& name, int partitions,
    const std::vector<std::pair<std::string, std::string>>& properties) {
  return KafkaAdmin(bootstrap_servers()).CreateTopic(name, partitions, properties);
}

Status RealKafkaBroker::DeleteRecordsBefore(const std::string& topic, int partition,
                                            std::int64_t offset) {
  return KafkaAdmin(bootstrap_servers()).DeleteRecordsBefore(topic, partition, offset);
}

Status RealKafkaBroker::Stop() {
  process_.Signal(SIGTERM);
  if (process_.Wait(kStopTimeout)) return Status::Ok();
  WEIR_RETURN_IF_ERROR(Kill());
  return Status(StatusCode::kTimedOut, "the broker did not stop within 30 s and was killed");
}

Status RealKafkaBroker::Kill() {
  process_.Signal(SIGKILL);
  if (process_.Wait(kStopTimeout)) return Status::Ok();
  return Status(StatusCode::kTimedOut, "the broker survived SIGKILL for 30 s");
}

Status RealKafkaBroker::Restart() {
  if (process_.running()) {
    return Status(StatusCode::kFailedPrecondition, "the broker is still running");
  }
  return Launch();
}

}  // namespace weir::test
