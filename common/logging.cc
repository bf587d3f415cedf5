#include "common/logging.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "common/json_log_formatter.h"
#include "common/log_capture.h"

namespace weir {

namespace {

using spdlog::sinks::sink;

constexpr std::array<std::string_view, 5> kLevelNames{"TRACE", "DEBUG", "INFO", "WARN", "ERROR"};

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// %*: the level's name in capitals, five characters wide.
class LevelFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::size_t index = message.level > spdlog::level::err ? 4 : message.level;
    const std::string_view name = kLevelNames[index];
    out.append(name.data(), name.data() + name.size());
    for (std::size_t width = name.size(); width < 5; ++width) out.push_back(' ');
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelFlag>();
  }
};

// %_: the message on one line.
class MessageFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    for (const char character : message.payload) {
      if (character == '\n' || character == '\r') out.push_back('\\');
      out.push_back(character == '\n' ? 'n' : character == '\r' ? 'r' : character);
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<MessageFlag>();
  }
};

std::unique_ptr<spdlog::formatter> MakeTextFormatter() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelFlag>('*').add_flag<MessageFlag>('_').set_pattern(
      "%Y-%m-%d %H:%M:%S.%e %*  %n  %_");
  return formatter;
}

std::shared_ptr<sink> WithFormat(std::shared_ptr<sink> target, LogFormat format) {
  target->set_formatter(format == LogFormat::kJson ? MakeJsonLogFormatter() : MakeTextFormatter());
  return target;
}

// Never destroyed: threads may log while the process ends.
struct Logging {
  Mutex mutex;
  std::shared_ptr<sink> target WEIR_GUARDED_BY(mutex) =
      WithFormat(std::make_shared<spdlog::sinks::stderr_sink_mt>(), LogFormat::kText);
  LogCapture* capture WEIR_GUARDED_BY(mutex) = nullptr;
};

Logging& State() {
  static Logging& state = *new Logging();
  return state;
}

// Apart from the state, and constant-initialized, so that a level check is one load.
constinit std::atomic<LogLevel> least_level{LogLevel::kInfo};

}  // namespace

std::string_view LogLevelName(LogLevel level) {
  return kLevelNames[static_cast<std::size_t>(level)];
}

Status ConfigureLogging(const LoggingOptions& options) {
  std::shared_ptr<sink> target;
  try {
    if (options.file.empty()) {
      target = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      const std::filesystem::path folder = std::filesystem::path(options.file).parent_path();
      if (!folder.empty()) std::filesystem::create_directories(folder);
      target = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    }
  } catch (const std::exception& error) {
    return Status::IoError(Concat("cannot log to '", options.file, "': ", error.what()));
  }
  Logging& state = State();
  MutexLock lock(state.mutex);
  state.target = WithFormat(std::move(target), options.format);
  least_level.store(options.level, std::memory_order_relaxed);
  return Status();
}

void FlushLogs() {
  Logging& state = State();
  std::shared_ptr<sink> target;
  {
    MutexLock lock(state.mutex);
    target = state.target;
  }
  target->flush();
}

bool ComponentLogger::Enabled(LogLevel level) {
  return level >= least_level.load(std::memory_order_relaxed);
}

void ComponentLogger::Write(LogLevel level, std::string_view message) const {
  Logging& state = State();
  std::shared_ptr<sink> target;
  {
    MutexLock lock(state.mutex);
    if (state.capture != nullptr) {
      state.capture->Add(level, component_, message);
      return;
    }
    target = state.target;
  }
  const spdlog::details::log_msg record(component_, ToSpdlog(level),
                                        spdlog::string_view_t(message.data(), message.size()));
  try {
    target->log(record);
    if (level >= LogLevel::kInfo) target->flush();
  } catch (const std::exception& error) {
    // A full disk must not end a server; the line still goes somewhere.
    std::fprintf(stderr, "cannot write the log: %s: %s\n", error.what(),
                 std::string(message).c_str());
  }
}

LogCapture::LogCapture(LogLevel level) : previous_level_(least_level.load()) {
  Logging& state = State();
  MutexLock lock(state.mutex);
  if (state.capture != nullptr) {
    std::fprintf(stderr, "two log captures at a time\n");
    std::abort();
  }
  state.capture = this;
  least_level.store(level, std::memory_order_relaxed);
}

LogCapture::~LogCapture() {
  Logging& state = State();
  MutexLock lock(state.mutex);
  state.capture = nullptr;
  least_level.store(previous_level_, std::memory_order_relaxed);
}

std::vector<LogCapture::Line> LogCapture::lines() const {
  MutexLock lock(mutex_);
  return lines_;
}

bool LogCapture::Contains(std::string_view text) const {
  MutexLock lock(mutex_);
  for (const Line& line : lines_) {
    if (line.message.find(text) != std::string::npos) return true;
  }
  return false;
}

void LogCapture::Add(LogLevel level, std::string_view component, std::string_view message) {
  MutexLock lock(mutex_);
  lines_.push_back({level, std::string(component), std::string(message)});
}

}  // namespace weir
