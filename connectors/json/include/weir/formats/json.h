// JSON: one value in one message, in files one line each (JSON lines). Link weir::json.
//
//   struct Order { std::int64_t id = 0; std::string customer; std::optional<double> discount; };
//   WEIR_FIELDS(Order, id, customer, discount)
//
//   weir::json::JsonFormat<Order> format;
//   KafkaSource<Order>::Builder().Deserializer(weir::kafka::ValueDeserializer(format))
//   FileSource(format).Path("/orders")
//   lines.MapInto<Order>(weir::DeserializeWith(format))
//
// The mapping follows the types; nothing is written by hand:
//   struct with WEIR_FIELDS     object; fields in any order
//   std::optional               the value, null, or no field
//   arithmetic types            number; one that does not fit is an error. NaN and infinities are
//                               the strings "NaN", "Infinity", "-Infinity"
//   bool, std::string           true/false, string (UTF-8)
//   enum                        its name with WEIR_ENUM_NAMES (weir/enum_names.h), else its number
//   std::vector, std::set, std::array, std::pair, std::tuple        array
//   std::map, std::unordered_map, keys strings, integers or enums   object
//   std::chrono::sys_time       ISO 8601, "2026-01-31T23:59:59.250Z"; read also as its number
//   other durations and times   number, in their own unit
// Every field that is not optional must be there. A message with something wrong is refused with
// path and place: "lines[3].price: expected a number, found "x" (byte 57)".
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <weir/format.h>
#include <weir/formats/internal/json_containers.h>
#include <weir/formats/internal/json_mapping.h>
#include <weir/formats/internal/json_reader.h>
#include <weir/formats/internal/json_scalars.h>
#include <weir/formats/internal/json_times.h>

namespace weir::json {

// Copies share nothing. Parsing is simdjson's.
template <class T>
class JsonFormat {
 public:
  using Record = T;
  explicit JsonFormat(JsonOptions options = {}) : options_(options) {}
  JsonFormat(const JsonFormat& other) : options_(other.options_) {}
  JsonFormat& operator=(const JsonFormat& other) {
    options_ = other.options_;
    return *this;
  }

  Status Deserialize(std::string_view message, T& out) {
    static_assert(!internal::kIsJsonScalar<T>,
                  "JsonFormat<T>: a message is an object or an array; a number, string or the like "
                  "can only be a part of it");
    if (!reader_) reader_ = std::make_unique<internal::JsonReader>();
    return reader_
        ->Read(message,
               [&](internal::JsonValue& value) {
                 return internal::JsonMapping<T>::Read(*reader_, options_, value, out);
               })
        .WithContext("JSON");
  }

  // An error when a string is not UTF-8, with its path.
  Status Serialize(const T& record, std::string& out) const {
    internal::JsonWriteFailure failure;
    const std::size_t begin = out.size();
    if (internal::JsonMapping<T>::Write(record, out, failure)) return Status::Ok();
    out.resize(begin);
    return Status::InvalidArgument("JSON: " + failure.ToString());
  }

  Framing framing() const { return {}; }

 private:
  JsonOptions options_;
  std::unique_ptr<internal::JsonReader> reader_;  // made with the first message
};

}  // namespace weir::json
