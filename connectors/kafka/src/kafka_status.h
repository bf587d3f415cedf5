// librdkafka's error codes as Status.
#pragma once

#include <string>

#include <weir/status.h>

namespace weir::kafka {

// A Status with this message, whose code, domain (external, or user for what the job's author must
// change) and retry hint follow from a rd_kafka_resp_err_t.
Status MakeKafkaStatus(int error_code, std::string message);

// An error of a connection, which librdkafka mends by itself: no reason to fail anything.
bool IsTransient(int error_code);

}  // namespace weir::kafka
