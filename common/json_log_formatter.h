// Log lines as JSON, for what collects the logs of many containers.
#pragma once

#include <memory>

namespace spdlog {
class formatter;
}

namespace weir {

// A formatter of spdlog that writes one object a line:
//
//   {"time":"2026-01-02T03:04:05.678Z","level":"INFO","logger":"scheduler","message":"job 12ab…"}
//
// `time` is UTC (RFC 3339), `level` is LogLevelName. Strings are escaped as RFC 8259 wants, so that
// nothing in a message ends the line or the object; bytes that are not UTF-8 become U+FFFD.
std::unique_ptr<spdlog::formatter> MakeJsonLogFormatter();

}  // namespace weir
