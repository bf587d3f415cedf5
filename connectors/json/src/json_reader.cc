#include <algorithm>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include <simdjson.h>

#include <weir/formats/internal/json_reader.h>

namespace weir::json::internal {
namespace {

namespace ondemand = simdjson::ondemand;

static_assert(sizeof(ondemand::value) <= sizeof(JsonValue::storage) &&
              alignof(ondemand::value) <= alignof(JsonValue) &&
              std::is_trivially_copyable_v<ondemand::value>);

ondemand::value& ValueOf(JsonValue& value) {
  return *std::launder(reinterpret_cast<ondemand::value*>(value.storage));
}
JsonValue Wrap(ondemand::value value) {
  JsonValue wrapped;
  new (wrapped.storage) ondemand::value(value);
  return wrapped;
}

std::string_view NameOf(ondemand::json_type type) {
  switch (type) {
    case ondemand::json_type::array:
      return "an array";
    case ondemand::json_type::object:
      return "an object";
    case ondemand::json_type::string:
      return "a string";
    case ondemand::json_type::number:
      return "a number";
    case ondemand::json_type::boolean:
      return "a bool";
    case ondemand::json_type::null:
      return "null";
  }
  return "something else";
}

// What simdjson would say at length of its own use.
std::string ReasonOf(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY:
      return "there is no value";
    case simdjson::UTF8_ERROR:
      return "the bytes are not UTF-8";
    case simdjson::UNCLOSED_STRING:
      return "a string does not end";
    case simdjson::UNESCAPED_CHARS:
      return "a string holds a control character";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "an object or array does not end";
    case simdjson::CAPACITY:
    case simdjson::MEMALLOC:
      return "the message is too large";
    case simdjson::STRING_ERROR:
      return "a string has a wrong escape";
    case simdjson::NUMBER_ERROR:
      return "this is no number";
    case simdjson::NUMBER_OUT_OF_RANGE:
      return "the number is out of range";
    default:
      return "this is no JSON";
  }
}

}  // namespace

class JsonReader::Parser {
 public:
  Status Read(std::string_view message, CallableView<bool(JsonValue&)> read) {
    reason_.clear();
    path_.clear();
    depth_ = 0;
    // simdjson reads some bytes past the end.
    if (buffer_.size() < message.size() + simdjson::SIMDJSON_PADDING) {
      buffer_.resize(message.size() + simdjson::SIMDJSON_PADDING);
    }
    std::memcpy(buffer_.data(), message.data(), message.size());
    std::memset(buffer_.data() + message.size(), 0, simdjson::SIMDJSON_PADDING);
    size_ = message.size();
    if (ReadDocument(read)) {
      Shrink();
      return Status::Ok();
    }
    Shrink();
    return Status::Corruption(path_ + (path_.empty() ? "" : ": ") + reason_ + " (byte " +
                              std::to_string(at_) + ")");
  }

  bool ForEachField(JsonValue& value, CallableView<bool(std::string_view, JsonValue&)> call) {
    ondemand::value& object_value = ValueOf(value);
    const std::size_t start = OffsetOf(object_value);
    ondemand::object object;
    if (const auto error = object_value.get_object().get(object)) {
      return error == simdjson::INCORRECT_TYPE ? Expected(value, "an object") : Fail(error);
    }
    if (!Enter(start)) return false;
    for (auto field : object) {
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return Fail(error);
      ondemand::value member;
      if (const auto error = field.value().get(member)) return Fail(error);
      JsonValue wrapped = Wrap(member);
      if (!call(key, wrapped)) return false;
    }
    --depth_;
    return true;
  }

  bool ForEachElement(JsonValue& value, CallableView<bool(JsonValue&)> call) {
    ondemand::value& array_value = ValueOf(value);
    const std::size_t start = OffsetOf(array_value);
    ondemand::array array;
    if (const auto error = array_value.get_array().get(array)) {
      return error == simdjson::INCORRECT_TYPE ? Expected(value, "an array") : Fail(error);
    }
    if (!Enter(start)) return false;
    for (auto element : array) {
      ondemand::value member;
      if (const auto error = element.get(member)) return Fail(error);
      JsonValue wrapped = Wrap(member);
      if (!call(wrapped)) return false;
    }
    --depth_;
    return true;
  }

  bool Skip(JsonValue& value) {
    JsonKind kind{};
    if (!Kind(value, kind)) return false;
    switch (kind) {
      case JsonKind::kObject:
        return ForEachField(value,
                            [this](std::string_view, JsonValue& field) { return Skip(field); });
      case JsonKind::kArray:
        return ForEachElement(value, [this](JsonValue& element) { return Skip(element); });
      case JsonKind::kString: {
        std::string_view text;
        return Get<std::string_view>(value, text, "a string");
      }
      case JsonKind::kNumber: {
        double number = 0;
        const auto error = ValueOf(value).get_double().get(number);
        // A number that no double holds is still JSON.
        return error == simdjson::SUCCESS || error == simdjson::NUMBER_OUT_OF_RANGE ||
               FailAt(value, error);
      }
      case JsonKind::kBool: {
        bool truth = false;
        return Get<bool>(value, truth, "a bool");
      }
      case JsonKind::kNull:
        return true;  // Kind() has taken it
    }
    return false;
  }

  bool Kind(JsonValue& value, JsonKind& kind) {
    ondemand::json_type type{};
    if (const auto error = ValueOf(value).type().get(type)) return FailAt(value, error);
    switch (type) {
      case ondemand::json_type::object:
        kind = JsonKind::kObject;
        return true;
      case ondemand::json_type::array:
        kind = JsonKind::kArray;
        return true;
      case ondemand::json_type::string:
        kind = JsonKind::kString;
        return true;
      case ondemand::json_type::number:
        kind = JsonKind::kNumber;
        return true;
      case ondemand::json_type::boolean:
        kind = JsonKind::kBool;
        return true;
      case ondemand::json_type::null:
        break;
    }
    kind = JsonKind::kNull;
    at_ = OffsetOf(ValueOf(value));
    bool is_null = false;
    const auto error = ValueOf(value).is_null().get(is_null);
    if (error != simdjson::SUCCESS || !is_null) return FailWith("this is no JSON");
    return true;
  }

  // simdjson's get<T>(), with the place and the wanted kind in the failure.
  template <class T>
  bool Get(JsonValue& value, T& out, std::string_view what) {
    const std::size_t at = OffsetOf(ValueOf(value));
    const auto error = ValueOf(value).get<T>().get(out);
    if (error == simdjson::SUCCESS) return true;
    if (error == simdjson::INCORRECT_TYPE || error == simdjson::NUMBER_ERROR) {
      return Expected(value, what);
    }
    at_ = at;
    return FailWith(ReasonOf(error) + ", expected " + std::string(what));
  }

  bool Expected(JsonValue& value, std::string_view what) {
    at_ = OffsetOf(ValueOf(value));
    ondemand::json_type type{};
    if (const auto error = ValueOf(value).type().get(type)) return FailWith(ReasonOf(error));
    std::string found(NameOf(type));
    if (type == ondemand::json_type::number || type == ondemand::json_type::string) {
      found = Excerpt();
    }
    return FailWith("expected " + std::string(what) + ", found " + found);
  }
  bool FailAtValue(JsonValue& value, std::string reason) {
    at_ = OffsetOf(ValueOf(value));
    return FailWith(std::move(reason));
  }
  bool Within(std::string_view name) {
    path_ = std::string(name) + (path_.empty() || path_.front() == '[' ? "" : ".") + path_;
    return false;
  }

 private:
  bool ReadDocument(CallableView<bool(JsonValue&)> read) {
    at_ = 0;
    if (const auto refused = parser_
                                 .iterate(reinterpret_cast<const std::uint8_t*>(buffer_.data()),
                                          size_, buffer_.size())
                                 .get(document_)) {
      if (refused == simdjson::INCOMPLETE_ARRAY_OR_OBJECT || refused == simdjson::UNCLOSED_STRING) {
        at_ = size_;
      }
      return FailWith(ReasonOf(refused));
    }
    ondemand::value root;
    if (const auto no_value = document_.get_value().get(root)) {
      return FailWith(no_value == simdjson::SCALAR_DOCUMENT_AS_VALUE
                          ? "expected an object or array, found " + Excerpt()
                          : ReasonOf(no_value));
    }
    JsonValue wrapped = Wrap(root);
    if (!read(wrapped)) return false;
    const char* location = nullptr;
    const auto error = document_.current_location().get(location);
    if (error == simdjson::OUT_OF_BOUNDS) return true;  // at the end
    at_ = error != simdjson::SUCCESS ? size_ : OffsetOf(location);
    return FailWith("something follows the value");
  }

  bool Enter(std::size_t at) {
    if (++depth_ <= kMaximumDepth) return true;
    at_ = at;
    return FailWith("values are nested more than " + std::to_string(kMaximumDepth) + " deep");
  }
  bool FailAt(JsonValue& value, simdjson::error_code error) {
    at_ = OffsetOf(ValueOf(value));
    return FailWith(ReasonOf(error));
  }
  // Wherever the parser is.
  bool Fail(simdjson::error_code error) {
    const char* location = nullptr;
    at_ = document_.current_location().get(location) ? size_ : OffsetOf(location);
    return FailWith(ReasonOf(error));
  }
  bool FailWith(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
    return false;
  }
  std::size_t OffsetOf(ondemand::value& value) { return OffsetOf(value.raw_json_token().data()); }
  std::size_t OffsetOf(const char* location) const {
    const std::ptrdiff_t offset = location - buffer_.data();
    return std::min(offset < 0 ? 0 : static_cast<std::size_t>(offset), size_);
  }
  // The token at at_, cut short.
  std::string Excerpt() const {
    constexpr std::size_t kLongest = 32;
    const std::string_view rest = std::string_view(buffer_.data(), size_).substr(at_);
    const std::size_t end = std::min(!rest.empty() && rest.front() == '"'
                                         ? std::min(rest.find('"', 1), rest.size() - 1) + 1
                                         : std::min(rest.find_first_of(",]} \t\r\n"), rest.size()),
                                     rest.size());
    return std::string(rest.substr(0, std::min(end, kLongest))) + (end > kLongest ? "…" : "");
  }
  // One enormous message must not be remembered for ever.
  void Shrink() {
    constexpr std::size_t kKeptBytes = 4 << 20;
    if (buffer_.size() <= kKeptBytes) return;
    document_ = ondemand::document();
    parser_ = ondemand::parser();
    std::vector<char>().swap(buffer_);
  }

  ondemand::parser parser_;
  ondemand::document document_;
  std::vector<char> buffer_;  // the message and its padding
  std::size_t size_ = 0;      // of the message
  int depth_ = 0;
  // The failure.
  std::string reason_;
  std::string path_;
  std::size_t at_ = 0;
};

JsonReader::JsonReader() : parser_(std::make_unique<Parser>()) {}
JsonReader::~JsonReader() = default;

Status JsonReader::Read(std::string_view message, CallableView<bool(JsonValue&)> read) {
  return parser_->Read(message, read);
}
bool JsonReader::ForEachField(JsonValue& value,
                              CallableView<bool(std::string_view, JsonValue&)> field) {
  return parser_->ForEachField(value, field);
}
bool JsonReader::ForEachElement(JsonValue& value, CallableView<bool(JsonValue&)> element) {
  return parser_->ForEachElement(value, element);
}
bool JsonReader::Skip(JsonValue& value) {
  return parser_->Skip(value);
}
bool JsonReader::Kind(JsonValue& value, JsonKind& kind) {
  return parser_->Kind(value, kind);
}
bool JsonReader::GetString(JsonValue& value, std::string_view& text) {
  return parser_->Get(value, text, "a string");
}
bool JsonReader::GetInt64(JsonValue& value, std::int64_t& number) {
  return parser_->Get(value, number, "an integer");
}
bool JsonReader::GetUint64(JsonValue& value, std::uint64_t& number) {
  return parser_->Get(value, number, "an integer");
}
bool JsonReader::GetDouble(JsonValue& value, double& number) {
  return parser_->Get(value, number, "a number");
}
bool JsonReader::GetBool(JsonValue& value, bool& truth) {
  return parser_->Get(value, truth, "true or false");
}
bool JsonReader::Expected(JsonValue& value, std::string_view what) {
  return parser_->Expected(value, what);
}
bool JsonReader::Fail(JsonValue& value, std::string reason) {
  return parser_->FailAtValue(value, std::move(reason));
}
bool JsonReader::Within(std::string_view field) {
  return parser_->Within(field);
}
bool JsonReader::Within(std::size_t element) {
  return parser_->Within("[" + std::to_string(element) + "]");
}

}  // namespace weir::json::internal
