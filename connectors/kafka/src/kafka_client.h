// A client of librdkafka with its configuration, its log and the last thing it complained of.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/connectors/internal/kafka_options.h>
#include <weir/runtime_context.h>
#include <weir/status.h>

struct rd_kafka_s;
struct rd_kafka_message_s;
struct rd_kafka_topic_s;

namespace weir::kafka {

enum class ClientType : std::uint8_t { kConsumer, kProducer };

using ClientProperties = std::vector<std::pair<std::string, std::string>>;

// What may be called back, always from within rd_kafka_poll (or flush) of this client, except the
// partitioner.
struct ClientCallbacks {
  std::function<void(std::string_view json)> on_statistics;
  // Producers: once per record, with the `opaque` given here.
  void (*on_delivery)(rd_kafka_s*, const rd_kafka_message_s*, void* opaque) = nullptr;
  void* opaque = nullptr;
};

class KafkaClient {
 public:
  // A client with `defaults`, overridden by the options' own properties. kInvalidArgument names a
  // property that librdkafka refuses. Connecting goes on in threads of librdkafka. `logger` may be
  // null, and outlives the client.
  static Result<std::unique_ptr<KafkaClient>> Create(ClientType type,
                                                     const internal::KafkaClientOptions& options,
                                                     const ClientProperties& defaults,
                                                     Logger* logger, ClientCallbacks callbacks);
  // Only what Create would say about the properties.
  static Status Validate(ClientType type, const internal::KafkaClientOptions& options,
                         const ClientProperties& defaults);

  // Ends librdkafka's threads. A consumer leaves without a farewell to its group. Everything taken
  // from the client (messages, queues, topics) must have been given back.
  ~KafkaClient();
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  rd_kafka_s* handle() const { return handle_; }
  // The newest reason of a failed connection or request, with the broker's address; "" when there
  // was none. Call rd_kafka_poll first. Any thread.
  std::string last_error() const;

 private:
  friend struct KafkaClientCallbacks;
  KafkaClient(Logger* logger, ClientCallbacks callbacks)
      : logger_(logger), callbacks_(std::move(callbacks)) {}

  rd_kafka_s* handle_ = nullptr;
  Logger* const logger_;
  const ClientCallbacks callbacks_;
  mutable std::mutex mutex_;
  std::string last_error_;  // guarded by mutex_
};

// What a property is when the defaults and then the options' own properties are set; "" when
// neither names it.
std::string PropertyOf(const ClientProperties& defaults, const ClientProperties& properties,
                       std::string_view name);

}  // namespace weir::kafka
