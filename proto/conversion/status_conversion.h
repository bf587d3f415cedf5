// weir::Status as a message, and back: both servers and the worker speak of errors in these words.
#pragma once

#include <cstdint>
#include <string>

#include <weir/status.h>

namespace weir::proto {

class Error;

// Any thread.
Error ErrorFromStatus(const Status& status);
// Code 0 is OK. Codes, domains and hints of a newer version become INTERNAL, system, retry: the
// message is kept.
Status StatusFromError(const Error& error);
// The same for an error given as its parts (DescribeError has no retry hint: 0).
Status StatusFromNumbers(std::uint32_t code, std::uint32_t domain, std::uint32_t retry,
                         std::string message);

}  // namespace weir::proto
