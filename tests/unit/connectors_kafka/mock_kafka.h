// librdkafka's mock cluster inside the test process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct rd_kafka_s;
struct rd_kafka_mock_cluster_s;

namespace weir::test {

// One broker on a loopback port. Aborts when it cannot be made. An unknown topic that a client asks
// for is created with 4 partitions: unknown topics need a real broker.
class MockKafka {
 public:
  MockKafka();
  ~MockKafka();
  MockKafka(const MockKafka&) = delete;
  MockKafka& operator=(const MockKafka&) = delete;

  std::string bootstrap_servers() const;
  void CreateTopic(const std::string& name, int partitions);
  // The next produce requests get these answers (numbers of rd_kafka_resp_err_t), one each.
  void FailProduceRequests(const std::vector<int>& error_codes);
  // The same for requests to commit offsets of a group.
  void FailCommitRequests(const std::vector<int>& error_codes);
  // Every answer about this topic carries the error; 0 ends that.
  void SetTopicError(const std::string& topic, int error_code);
  // Answers come this much later.
  void SetRoundTripMs(int milliseconds);
  void SetDown();
  void SetUp();

 private:
  void FailRequests(std::int16_t api_key, const std::vector<int>& error_codes);

  rd_kafka_s* client_;
  rd_kafka_mock_cluster_s* cluster_;
};

}  // namespace weir::test
