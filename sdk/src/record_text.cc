#include <array>

#include <weir/record_text.h>

namespace weir {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kFirstDay = -719'528;  // 0000-01-01
constexpr std::int64_t kLastDay = 2'932'896;  // 9999-12-31

void AppendPadded(std::int64_t value, int digits, std::string& out) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  for (auto length = end - text.data(); length < digits; ++length) out += '0';
  out.append(text.data(), end);
}

// Rounds towards the past.
std::int64_t FloorDivide(std::int64_t value, std::int64_t divisor) {
  const std::int64_t quotient = value / divisor;
  return quotient - (value % divisor < 0 ? 1 : 0);
}

// Takes from the front of a text; every call fails once one has failed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  bool ok() const { return ok_; }
  bool empty() const { return text_.empty(); }
  bool Take(std::string_view any) {
    if (text_.empty() || any.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  void Expect(std::string_view any) { ok_ = ok_ && Take(any); }
  std::int64_t Number(std::size_t digits) {
    std::int64_t value = 0;
    for (std::size_t i = 0; i < digits; ++i) value = value * 10 + Digit();
    return value;
  }
  bool AtDigit() const { return !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; }
  std::int64_t Digit() {
    if (!AtDigit()) {
      ok_ = false;
      return 0;
    }
    const std::int64_t digit = text_.front() - '0';
    text_.remove_prefix(1);
    return digit;
  }

 private:
  std::string_view text_;
  bool ok_ = true;
};

std::int64_t DaySeconds(Scanner& in) {
  const std::int64_t hour = in.Number(2);
  in.Expect(":");
  const std::int64_t minute = in.Number(2);
  in.Expect(":");
  const std::int64_t second = in.Number(2);
  return hour < 24 && minute < 60 && second < 60 ? hour * 3600 + minute * 60 + second : -1;
}

// In nanoseconds; digits finer than the unit must be 0.
bool Fraction(Scanner& in, std::int64_t unit_ns, std::int64_t& fraction_ns) {
  std::int64_t place_ns = kSecondNs / 10;
  do {
    const std::int64_t digit = in.Digit();
    if (digit != 0 && place_ns == 0) return false;
    fraction_ns += digit * place_ns;
    place_ns /= 10;
  } while (in.AtDigit());
  return fraction_ns % unit_ns == 0;
}

std::int64_t OffsetSeconds(Scanner& in, bool& valid) {
  if (in.empty() || in.Take("Zz")) return 0;
  const std::int64_t sign = in.Take("+") ? 1 : -1;
  if (sign < 0) in.Expect("-");
  const std::int64_t hour = in.Number(2);
  in.Take(":");
  const std::int64_t minute = in.Number(2);
  valid = hour < 24 && minute < 60;
  return sign * (hour * 3600 + minute * 60);
}

}  // namespace

bool AppendIsoTime(std::int64_t since_epoch, std::int64_t unit_ns, std::string& out) {
  const std::int64_t per_second = unit_ns < kSecondNs ? kSecondNs / unit_ns : 1;
  const std::int64_t unit_seconds = unit_ns < kSecondNs ? 1 : unit_ns / kSecondNs;
  const std::int64_t units_per_day = kDaySeconds / unit_seconds * per_second;
  const std::int64_t days = FloorDivide(since_epoch, units_per_day);
  if (days < kFirstDay || days > kLastDay) return false;
  // Not since_epoch - days * units_per_day: that product does not fit near the ends of the range.
  const std::int64_t rest = since_epoch % units_per_day;
  const std::int64_t within = rest < 0 ? rest + units_per_day : rest;
  const std::int64_t second = within / per_second * unit_seconds;
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
  AppendPadded(static_cast<int>(date.year()), 4, out);
  out += '-';
  AppendPadded(static_cast<unsigned>(date.month()), 2, out);
  out += '-';
  AppendPadded(static_cast<unsigned>(date.day()), 2, out);
  out += 'T';
  AppendPadded(second / 3600, 2, out);
  out += ':';
  AppendPadded(second / 60 % 60, 2, out);
  out += ':';
  AppendPadded(second % 60, 2, out);
  if (per_second > 1) {
    int digits = 0;
    for (std::int64_t scale = 1; scale < per_second; scale *= 10) ++digits;
    out += '.';
    AppendPadded(within % per_second, digits, out);
  }
  out += 'Z';
  return true;
}

bool ParseIsoTime(std::string_view text, std::int64_t unit_ns, std::int64_t& since_epoch) {
  Scanner in(text);
  const std::int64_t year = in.Number(4);
  in.Expect("-");
  const std::int64_t month = in.Number(2);
  in.Expect("-");
  const std::int64_t day = in.Number(2);
  in.Expect("Tt ");
  const std::int64_t day_seconds = DaySeconds(in);
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!in.ok() || !date.ok() || day_seconds < 0) return false;
  std::int64_t fraction_ns = 0;
  if (in.Take(".,") && !Fraction(in, unit_ns, fraction_ns)) return false;
  bool valid = true;
  const std::int64_t offset_seconds = OffsetSeconds(in, valid);
  if (!valid || !in.ok() || !in.empty()) return false;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * kDaySeconds + day_seconds - offset_seconds;
  if (unit_ns >= kSecondNs) {
    const std::int64_t unit_seconds = unit_ns / kSecondNs;
    since_epoch = seconds / unit_seconds;
    return seconds % unit_seconds == 0 && fraction_ns == 0;
  }
  // Through the next whole second towards 0, so that the two ends of the range can be read.
  const std::int64_t per_second = kSecondNs / unit_ns;
  const bool shift = seconds < 0 && fraction_ns != 0;
  const std::int64_t fraction = fraction_ns / unit_ns - (shift ? per_second : 0);
  return !__builtin_mul_overflow(seconds + (shift ? 1 : 0), per_second, &since_epoch) &&
         !__builtin_add_overflow(since_epoch, fraction, &since_epoch);
}

}  // namespace weir
