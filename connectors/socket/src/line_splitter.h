// Cuts a stream of bytes into lines. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <weir/status.h>

#include "connectors/socket/src/line_block.h"

namespace weir::socket {

class LineSplitter {
 public:
  // `delimiter` is not empty.
  LineSplitter(std::string delimiter, std::size_t maximum_line_bytes);

  // Adds the lines that are complete with these bytes. ResourceExhausted: a line is too long, and
  // nothing more can be fed.
  Status Feed(std::string_view bytes, LineBlock& block);
  // What came after the last delimiter is a line, if there is anything.
  void Finish(LineBlock& block);
  // Forgets what came after the last delimiter; returns how many bytes that were.
  std::size_t Drop();

 private:
  void Add(std::string_view line, LineBlock& block) const;
  Status TooLong() const;

  const std::string delimiter_;
  const std::size_t maximum_line_bytes_;
  std::string pending_;       // after the last delimiter
  std::size_t searched_ = 0;  // no delimiter begins before this position of it
};

}  // namespace weir::socket
