#include "tests/unit/connectors_kafka/mock_kafka.h"

#include <cstdio>
#include <cstdlib>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

namespace weir::test {
namespace {

constexpr int kBroker = 1;
constexpr std::int16_t kProduceApiKey = 0;
constexpr std::int16_t kOffsetCommitApiKey = 8;

void AbortOn(rd_kafka_resp_err_t code, const char* what) {
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  std::fprintf(stderr, "MockKafka: %s: %s\n", what, rd_kafka_err2str(code));
  std::abort();
}

}  // namespace

MockKafka::MockKafka() {
  char error[512] = "";
  rd_kafka_conf_t* configuration = rd_kafka_conf_new();
  rd_kafka_conf_set(configuration, "log_level", "2", error, sizeof(error));
  client_ = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, error, sizeof(error));
  cluster_ = client_ == nullptr ? nullptr : rd_kafka_mock_cluster_new(client_, 1);
  if (cluster_ != nullptr) return;
  std::fprintf(stderr, "MockKafka: %s\n", error);
  std::abort();
}

MockKafka::~MockKafka() {
  rd_kafka_mock_cluster_destroy(cluster_);
  rd_kafka_destroy(client_);
}

std::string MockKafka::bootstrap_servers() const {
  return rd_kafka_mock_cluster_bootstraps(cluster_);
}

void MockKafka::CreateTopic(const std::string& name, int partitions) {
  AbortOn(rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, 1), "create topic");
}

void MockKafka::FailProduceRequests(const std::vector<int>& error_codes) {
  FailRequests(kProduceApiKey, error_codes);
}

void MockKafka::FailCommitRequests(const std::vector<int>& error_codes) {
  FailRequests(kOffsetCommitApiKey, error_codes);
}

void MockKafka::FailRequests(std::int16_t api_key, const std::vector<int>& error_codes) {
  std::vector<rd_kafka_resp_err_t> errors;
  for (const int code : error_codes) errors.push_back(static_cast<rd_kafka_resp_err_t>(code));
  rd_kafka_mock_push_request_errors_array(cluster_, api_key, errors.size(), errors.data());
}

void MockKafka::SetTopicError(const std::string& topic, int error_code) {
  rd_kafka_mock_topic_set_error(cluster_, topic.c_str(),
                                static_cast<rd_kafka_resp_err_t>(error_code));
}

void MockKafka::SetRoundTripMs(int milliseconds) {
  AbortOn(rd_kafka_mock_broker_set_rtt(cluster_, kBroker, milliseconds), "round trip");
}

void MockKafka::SetDown() {
  AbortOn(rd_kafka_mock_broker_set_down(cluster_, kBroker), "set down");
}

void MockKafka::SetUp() {
  AbortOn(rd_kafka_mock_broker_set_up(cluster_, kBroker), "set up");
}

}  // namespace weir::test
