#include "common/json_log_formatter.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>
#include <spdlog/formatter.h>

#include "common/logging.h"

namespace weir {
namespace {

std::string RfcTime(spdlog::log_clock::time_point time) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const std::time_t whole = seconds.count();
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 32> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%s.%03dZ", date.data(),
                static_cast<int>((since_epoch - seconds).count()));
  return text.data();
}

std::string JsonText(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void AppendTo(std::string_view text, spdlog::memory_buf_t& line) {
  line.append(text.data(), text.data() + text.size());
}

std::string_view TextOf(spdlog::string_view_t text) {
  return {text.data(), text.size()};
}

std::string_view LevelNameOf(spdlog::level::level_enum level) {
  return LogLevelName(static_cast<LogLevel>(std::min<int>(level, spdlog::level::err)));
}

class JsonLogFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    AppendTo("{\"time\":\"", line);
    AppendTo(RfcTime(message.time), line);
    AppendTo("\",\"level\":\"", line);
    AppendTo(LevelNameOf(message.level), line);
    AppendTo("\",\"logger\":", line);
    AppendTo(JsonText(TextOf(message.logger_name)), line);
    AppendTo(",\"message\":", line);
    AppendTo(JsonText(TextOf(message.payload)), line);
    AppendTo("}\n", line);
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonLogFormatter>();
  }
};

}  // namespace

std::unique_ptr<spdlog::formatter> MakeJsonLogFormatter() {
  return std::make_unique<JsonLogFormatter>();
}

}  // namespace weir
