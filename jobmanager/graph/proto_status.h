// weir::Status as a message, and back.
#pragma once

#include <weir/status.h>

#include "proto/error.pb.h"

namespace weir::jobmanager {

proto::Error ToProto(const Status& status);

// Codes, domains and hints of a newer version become INTERNAL, system, retry: what is known is
// kept.
Status FromProto(const proto::Error& error);
// The same for an error given as its parts (proto::DescribeError has no retry hint).
Status StatusFromNumbers(std::uint32_t code, std::uint32_t domain, std::uint32_t retry,
                         std::string message);

}  // namespace weir::jobmanager
