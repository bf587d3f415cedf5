#include "connectors/socket/src/line_splitter.h"

#include <algorithm>
#include <utility>

namespace weir::socket {

LineSplitter::LineSplitter(std::string delimiter, std::size_t maximum_line_bytes)
    : delimiter_(std::move(delimiter)), maximum_line_bytes_(maximum_line_bytes) {}

Status LineSplitter::Feed(std::string_view bytes, LineBlock& block) {
  pending_.append(bytes);
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = pending_.find(delimiter_, std::max(begin, searched_));
    if (end == std::string::npos) break;
    if (end - begin > maximum_line_bytes_) return TooLong();
    Add(std::string_view(pending_).substr(begin, end - begin), block);
    begin = end + delimiter_.size();
  }
  pending_.erase(0, begin);
  // The start of a delimiter may be among the last bytes.
  searched_ = pending_.size() - std::min(pending_.size(), delimiter_.size() - 1);
  return searched_ > maximum_line_bytes_ ? TooLong() : Status::Ok();
}

void LineSplitter::Finish(LineBlock& block) {
  if (!pending_.empty()) Add(pending_, block);
  Drop();
}

std::size_t LineSplitter::Drop() {
  const std::size_t dropped = pending_.size();
  pending_.clear();
  searched_ = 0;
  return dropped;
}

void LineSplitter::Add(std::string_view line, LineBlock& block) const {
  if (delimiter_ == "\n" && line.ends_with('\r')) line.remove_suffix(1);
  block.Add(line);
}

Status LineSplitter::TooLong() const {
  return Status(StatusCode::kResourceExhausted,
                "a line is longer than the " + std::to_string(maximum_line_bytes_) +
                    " bytes that SocketOptions::maximum_line_bytes allows",
                ErrorDomain::kExternal, RetryHint::kNoRetry);
}

}  // namespace weir::socket
