// Print: records as text on the standard output of the worker (its .out file), as Flink's print().
// At least once: what an attempt has printed stays when it fails.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <ostream>
#include <streambuf>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/sink.h>

namespace weir {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

namespace internal {

// Appends what is written to a stream to a string.
class StringAppendBuffer final : public std::streambuf {
 public:
  explicit StringAppendBuffer(std::string& text) : text_(text) {}

 protected:
  int_type overflow(int_type character) override {
    if (character != traits_type::eof()) text_ += static_cast<char>(character);
    return character;
  }
  std::streamsize xsputn(const char* characters, std::streamsize count) override {
    text_.append(characters, static_cast<std::size_t>(count));
    return count;
  }

 private:
  std::string& text_;
};

}  // namespace internal

// "identifier:N> value", without what is not there: N is the subtask's number from 1, shown when
// there are several. The lines of a block are written at once, so lines of subtasks do not mix.
template <Printable T>
class PrintSink {
 public:
  using Record = T;
  explicit PrintSink(std::string identifier = "", std::FILE* file = stdout)
      : identifier_(std::move(identifier)), file_(file) {}

  class Writer final : public SinkWriter<T> {
   public:
    Writer(std::string identifier, std::FILE* file) : prefix_(std::move(identifier)), file_(file) {}

    Status Open(SinkWriterContext& context) override {
      if (context.runtime().parallelism() > 1) {
        if (!prefix_.empty()) prefix_ += ':';
        prefix_ += std::to_string(context.runtime().subtask_index() + 1);
      }
      if (!prefix_.empty()) prefix_ += "> ";
      return Status::Ok();
    }
    Result<WriteStatus> Write(T& record, std::int64_t) override {
      text_ += prefix_;
      if constexpr (std::is_same_v<T, std::string>) {
        text_ += record;
      } else if constexpr (std::integral<T> && sizeof(T) >= 2) {
        char digits[24];
        text_.append(digits, std::to_chars(digits, digits + sizeof(digits), record).ptr);
      } else {
        out_ << record;
      }
      text_ += '\n';
      return WriteStatus::kAccepted;
    }
    Status EndBlock() {
      const std::size_t written = std::fwrite(text_.data(), 1, text_.size(), file_);
      const bool complete = written == text_.size() && std::fflush(file_) == 0;
      text_.clear();
      return complete ? Status::Ok() : Status::IoError("Print cannot write to standard output");
    }
    Result<FlushStatus> Flush(bool) override { return FlushStatus::kDone; }

   private:
    std::string prefix_;
    std::FILE* const file_;
    std::string text_;
    internal::StringAppendBuffer buffer_{text_};
    std::ostream out_{&buffer_};
  };

  std::string name() const { return "Print to Std. Out"; }
  std::unique_ptr<Writer> CreateWriter() const {
    return std::make_unique<Writer>(identifier_, file_);
  }

 private:
  std::string identifier_;
  std::FILE* file_;
};

}  // namespace weir
