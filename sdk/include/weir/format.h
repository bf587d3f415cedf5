// Formats: bytes to records and back, the same for Kafka, files and sockets.
//
// A format is a copyable type with some of
//   using Record = …;
//   weir::Status Deserialize(std::string_view message, Record& out);
//       Assigns every field of `out`, which holds an old record. An error says what is wrong and
//       where in the message ("field 'price': expected a number, byte 17"), and leaves `out` in an
//       unspecified but valid state.
//   weir::Status Serialize(const Record& record, std::string& out);      appends one message
//   weir::Framing framing() const;     how messages follow each other where bytes are a stream
//   weir::Status BeginStream(std::string_view header);
//       Before the first message of a file, where framing().header_records is not 0.
//   std::string StreamHeader() const;  what a file begins with when one is written
// It is copied for each subtask, held by its own type and used by one thread at a time. JSON, CSV
// and Protobuf are in <weir/formats/…>.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <weir/error_policy.h>
#include <weir/status.h>

namespace weir {

// How the messages of a stream of bytes are told apart.
struct Framing {
  enum class Kind : std::uint8_t {
    kLines,        // end with "\n", which is no part of them; nor is a "\r" before it
    kQuotedLines,  // the same, but a line break in a quoted field is part of the message
    kLengthPrefix  // each behind its length as a base-128 varint (protobuf's delimited streams)
  };
  Kind kind = Kind::kLines;
  // A quoted field begins with a quote, at the beginning of the message or behind a delimiter, and
  // ends with one; two in a row stand for one. Other quotes are characters like others (RFC 4180).
  char quote = '"';
  char delimiter = ',';
  // Messages at the beginning of a file that are no records: given to BeginStream(), joined as they
  // stand there. Only lines.
  std::uint32_t header_records = 0;

  // Whether a reader that starts anywhere finds the next message: then large files are shared.
  bool splittable() const { return kind == Kind::kLines; }
  bool operator==(const Framing&) const = default;
};

template <class F>
concept DeserializationSchema =
    std::copy_constructible<F> &&
    requires(F& format, std::string_view message, typename F::Record& out) {
      { format.Deserialize(message, out) } -> std::same_as<Status>;
    };
template <class F>
concept SerializationSchema =
    std::copy_constructible<F> &&
    requires(F& format, const typename F::Record& record, std::string& out) {
      { format.Serialize(record, out) } -> std::same_as<Status>;
    };
// What a stream of bytes is read with, and written.
template <class F>
concept StreamDeserializationSchema = DeserializationSchema<F> && requires(const F& format) {
  { format.framing() } -> std::same_as<Framing>;
};
template <class F>
concept StreamSerializationSchema = SerializationSchema<F> && requires(const F& format) {
  { format.framing() } -> std::same_as<Framing>;
};

// A message is the record: Flink's SimpleStringSchema, and TextLineInputFormat for files.
struct TextFormat {
  using Record = std::string;
  Status Deserialize(std::string_view message, std::string& out) const {
    out.assign(message);
    return Status::Ok();
  }
  Status Serialize(const std::string& record, std::string& out) const {
    out.append(record);
    return Status::Ok();
  }
  Framing framing() const { return {}; }
};

// A function for MapInto<Record>() on a stream of messages. What the format refuses is thrown as
// RecordError, so that OnError() of the operator decides.
template <DeserializationSchema F>
class DeserializeWith {
 public:
  explicit DeserializeWith(F format) : format_(std::move(format)) {}
  void operator()(const std::string& message, typename F::Record& out) {
    Status status = format_.Deserialize(message, out);
    if (!status.ok()) [[unlikely]] {
      throw RecordError(std::move(status));
    }
  }

 private:
  F format_;
};

// The way back: MapInto<std::string>(SerializeWith(format)).
template <SerializationSchema F>
class SerializeWith {
 public:
  explicit SerializeWith(F format) : format_(std::move(format)) {}
  void operator()(const typename F::Record& record, std::string& out) {
    out.clear();
    Status status = format_.Serialize(record, out);
    if (!status.ok()) [[unlikely]] {
      throw RecordError(std::move(status));
    }
  }

 private:
  F format_;
};

}  // namespace weir
