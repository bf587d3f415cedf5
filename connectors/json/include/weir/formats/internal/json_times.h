// Durations and times in JSON; json.h includes it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <weir/formats/internal/json_mapping.h>
#include <weir/formats/internal/json_scalars.h>
#include <weir/record_text.h>

namespace weir::json::internal {

template <class R, class P>
struct JsonMapping<std::chrono::duration<R, P>> {
  using Duration = std::chrono::duration<R, P>;
  static bool Read(JsonReader& in, const JsonOptions& options, JsonValue& value, Duration& out) {
    R count{};
    if (!JsonMapping<R>::Read(in, options, value, count)) return false;
    out = Duration(count);
    return true;
  }
  static bool Write(const Duration& value, std::string& out, JsonWriteFailure& failure) {
    return JsonMapping<R>::Write(value.count(), out, failure);
  }
};

template <class C, class D>
struct JsonMapping<std::chrono::time_point<C, D>> {
  using Time = std::chrono::time_point<C, D>;
  static bool Read(JsonReader& in, const JsonOptions& options, JsonValue& value, Time& out) {
    D since_epoch{};
    if constexpr (kIsIsoTime<Time>) {
      JsonKind kind{};
      if (!in.Kind(value, kind)) return false;
      if (kind == JsonKind::kString) {
        std::string_view text;
        std::int64_t count = 0;
        if (!in.GetString(value, text)) return false;
        if (!ParseIsoTime(text, kUnitNs<D>, count) || !std::in_range<typename D::rep>(count)) {
          return in.Expected(value, "a time as in ISO 8601");
        }
        out = Time(D(static_cast<typename D::rep>(count)));
        return true;
      }
    }
    if (!JsonMapping<D>::Read(in, options, value, since_epoch)) return false;
    out = Time(since_epoch);
    return true;
  }
  // A time too far off for ISO 8601 is written as its number.
  static bool Write(const Time& value, std::string& out, JsonWriteFailure& failure) {
    const D since_epoch = value.time_since_epoch();
    if constexpr (kIsIsoTime<Time>) {
      out += '"';
      if (AppendIsoTime(since_epoch.count(), kUnitNs<D>, out)) {
        out += '"';
        return true;
      }
      out.pop_back();
    }
    return JsonMapping<D>::Write(since_epoch, out, failure);
  }
};

}  // namespace weir::json::internal
