// Lines of text from a TCP connection (Flink's socketTextStream). Link weir::socket.
//
//   weir::socket::SocketTextStream(env, {.host = "localhost", .port = 9999}).Print();
//
// For trying things out (`nc -lk 9999`). One reader, so its parallelism is 1; another one is an
// error when the job starts.
//
// At most once, with checkpoints too: a socket cannot be read again. After a failure the job
// connects anew and goes on with what comes over that connection. Lines that it had read behind its
// last checkpoint, those that were on their way, and a line of which it had a part only, are lost;
// none comes twice. A stream that had ended in order before the checkpoint stays ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <weir/data_sources.h>
#include <weir/environment.h>
#include <weir/source.h>
#include <weir/status.h>

namespace weir::socket {

// For SocketOptions::max_retries.
inline constexpr std::int32_t kRetryForever = -1;

struct SocketOptions {
  std::string host;
  std::uint16_t port = 0;
  // Ends a line and is not part of it. Before "\n" a carriage return is left out too.
  std::string delimiter = "\n";
  // How often in a row to connect again when the connection cannot be made or is lost; counted anew
  // once bytes have come. 0: the stream ends when the peer closes the connection, and the job fails
  // when it cannot be made or breaks. When no try is left, the end is that of the last try.
  std::int32_t max_retries = 0;
  std::int64_t retry_delay_ms = 500;
  // A longer line fails the job.
  std::size_t maximum_line_bytes = 1 << 20;
};

// The connection.
struct SocketSplit {
  std::uint32_t number = 0;
};

// Not bounded; it may end all the same, see max_retries. What follows the last delimiter is a line
// when the peer closes the connection in order, and dropped (with a line in the log) when it
// breaks.
class SocketTextSource {
 public:
  using Record = std::string;
  using Split = SocketSplit;
  using EnumeratorState = SplitList<SocketSplit>;

  explicit SocketTextSource(SocketOptions options) : options_(std::move(options)) {}

  bool bounded() const { return false; }
  std::string name() const { return "Socket Stream"; }
  // What is wrong in the options; also said when the job starts.
  Status Validate() const;
  std::unique_ptr<SplitEnumerator<Split, EnumeratorState>> CreateEnumerator() const;
  // The reader has a thread of its own for the socket and keeps at most four blocks of lines, each
  // of about 64 KiB or the longest line; beyond that the peer has to wait.
  std::unique_ptr<SourceReader<std::string, SocketSplit>> CreateReader() const;

 private:
  SocketOptions options_;
};

// The source with the parallelism it needs.
inline SingleOutputStreamOperator<std::string> SocketTextStream(StreamExecutionEnvironment& env,
                                                                SocketOptions options) {
  return env.FromSource(SocketTextSource(std::move(options))).SetParallelism(1);
}

}  // namespace weir::socket
