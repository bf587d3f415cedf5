#include "connectors/kafka/src/kafka_client.h"

#include <librdkafka/rdkafka.h>

namespace weir::kafka {
namespace {

constexpr std::size_t kErrorSize = 512;

// Syslog's levels, which librdkafka uses.
LogLevel ToLogLevel(int level) {
  if (level <= 3) return LogLevel::kError;
  if (level == 4) return LogLevel::kWarning;
  return level <= 6 ? LogLevel::kInfo : LogLevel::kDebug;
}

Status SetAll(rd_kafka_conf_t* configuration, const ClientProperties& properties) {
  char error[kErrorSize];
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(configuration, name.c_str(), value.c_str(), error, sizeof(error)) !=
        RD_KAFKA_CONF_OK) {
      return Status::InvalidArgument("Kafka property '" + name + "': " + error);
    }
  }
  return Status::Ok();
}

using Configuration = std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)>;

Result<Configuration> MakeConfiguration(const internal::KafkaClientOptions& options,
                                        const ClientProperties& defaults) {
  Configuration configuration(rd_kafka_conf_new(), &rd_kafka_conf_destroy);
  WEIR_RETURN_IF_ERROR(
      SetAll(configuration.get(), {{"bootstrap.servers", options.bootstrap_servers}}));
  WEIR_RETURN_IF_ERROR(SetAll(configuration.get(), defaults));
  WEIR_RETURN_IF_ERROR(SetAll(configuration.get(), options.properties));
  return configuration;
}

}  // namespace

// librdkafka's view of the client: C functions that find it through the opaque pointer.
struct KafkaClientCallbacks {
  static KafkaClient* Of(const rd_kafka_t* handle) {
    return static_cast<KafkaClient*>(rd_kafka_opaque(handle));
  }

  static void Log(const rd_kafka_t* handle, int level, const char* facility, const char* text) {
    KafkaClient* client = handle == nullptr ? nullptr : Of(handle);
    if (client == nullptr || client->logger_ == nullptr) return;
    client->logger_->Log(ToLogLevel(level), std::string("Kafka client: ") + facility + ": " + text);
  }

  static void Error(rd_kafka_t* handle, int code, const char* reason, void* opaque) {
    auto* client = static_cast<KafkaClient*>(opaque);
    char fatal[kErrorSize] = "";
    std::string text = reason;
    if (code == RD_KAFKA_RESP_ERR__FATAL &&
        rd_kafka_fatal_error(handle, fatal, sizeof(fatal)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      text = fatal;
    }
    if (client->logger_ != nullptr) client->logger_->Warning("Kafka client: " + text);
    // "All brokers are down" follows the reason why; the reason says more.
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return;
    const std::lock_guard lock(client->mutex_);
    client->last_error_ = std::move(text);
  }

  static int Statistics(rd_kafka_t* /*handle*/, char* json, std::size_t size, void* opaque) {
    const auto* client = static_cast<KafkaClient*>(opaque);
    client->callbacks_.on_statistics(std::string_view(json, size));
    return 0;  // librdkafka frees the text
  }

  // The client's own opaque pointer is for the callbacks above: deliveries go on to their owner.
  static void Delivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void* opaque) {
    const auto* client = static_cast<KafkaClient*>(opaque);
    client->callbacks_.on_delivery(handle, message, client->callbacks_.opaque);
  }
};

Status KafkaClient::Validate(ClientType /*type*/, const internal::KafkaClientOptions& options,
                             const ClientProperties& defaults) {
  if (options.bootstrap_servers.empty()) {
    return Status::InvalidArgument("Kafka: no bootstrap servers are given");
  }
  return MakeConfiguration(options, defaults).status();
}

Result<std::unique_ptr<KafkaClient>> KafkaClient::Create(
    ClientType type, const internal::KafkaClientOptions& options, const ClientProperties& defaults,
    Logger* logger, ClientCallbacks callbacks) {
  WEIR_RETURN_IF_ERROR(Validate(type, options, defaults));
  WEIR_ASSIGN_OR_RETURN(Configuration configuration, MakeConfiguration(options, defaults));
  std::unique_ptr<KafkaClient> client(new KafkaClient(logger, std::move(callbacks)));
  rd_kafka_conf_set_opaque(configuration.get(), client.get());
  rd_kafka_conf_set_log_cb(configuration.get(), &KafkaClientCallbacks::Log);
  rd_kafka_conf_set_error_cb(configuration.get(), &KafkaClientCallbacks::Error);
  if (client->callbacks_.on_statistics) {
    rd_kafka_conf_set_stats_cb(configuration.get(), &KafkaClientCallbacks::Statistics);
  }
  if (client->callbacks_.on_delivery != nullptr) {
    rd_kafka_conf_set_dr_msg_cb(configuration.get(), &KafkaClientCallbacks::Delivery);
  }
  char error[kErrorSize] = "";
  client->handle_ =
      rd_kafka_new(type == ClientType::kConsumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER,
                   configuration.get(), error, sizeof(error));
  if (client->handle_ == nullptr) {
    return Status::InvalidArgument(std::string("cannot make a Kafka client: ") + error);
  }
  (void)configuration.release();  // rd_kafka_new took it
  return client;
}

KafkaClient::~KafkaClient() {
  if (handle_ != nullptr) rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

std::string KafkaClient::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

std::string PropertyOf(const ClientProperties& defaults, const ClientProperties& properties,
                       std::string_view name) {
  std::string value;
  for (const ClientProperties* list : {&defaults, &properties}) {
    for (const auto& [key, entry] : *list) {
      if (key == name) value = entry;
    }
  }
  return value;
}

}  // namespace weir::kafka
