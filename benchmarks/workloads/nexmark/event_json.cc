#include "benchmarks/workloads/nexmark/event_json.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace benchmarks::nexmark {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::sys_time<milliseconds>;

// No text of ours has a character that JSON would want to have escaped.
void AppendText(std::string_view name, std::string_view text, std::string& out) {
  out.append("\"").append(name).append("\":\"").append(text).append("\"");
}
void AppendNumber(std::string_view name, std::int64_t number, std::string& out) {
  out.append("\"").append(name).append("\":").append(std::to_string(number));
}
void AppendTime(std::string_view name, std::int64_t time_ms, std::string& out) {
  const Time time{milliseconds(time_ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  char text[64];
  std::snprintf(
      text, sizeof(text), "%04d-%02u-%02u %02d:%02d:%02d.%03d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  AppendText(name, text, out);
}

void AppendPerson(const Generator& generator, std::int64_t id, std::string& out) {
  const TextTables& tables = generator.tables();
  Person person;
  generator.Fill(id, person);
  out += "{\"event_type\":0,\"person\":{";
  AppendNumber("id", person.id, out);
  const auto append_text = [&](std::string_view name, Text text) {
    out += ',';
    AppendText(name, tables[text], out);
  };
  append_text("name", person.name);
  append_text("emailAddress", person.email_address);
  append_text("creditCard", person.credit_card);
  append_text("city", person.city);
  append_text("state", person.state);
  out += ',';
  AppendTime("dateTime", person.date_time_ms, out);
  append_text("extra", person.extra);
  out += "},\"auction\":null,\"bid\":null}";
}

void AppendAuction(const Generator& generator, std::int64_t id, std::string& out) {
  const TextTables& tables = generator.tables();
  Auction auction;
  generator.Fill(id, auction);
  const auto append_text = [&](std::string_view name, Text text) {
    AppendText(name, tables[text], out);
    out += ',';
  };
  const auto append_number = [&](std::string_view name, std::int64_t number) {
    AppendNumber(name, number, out);
    out += ',';
  };
  out += "{\"event_type\":1,\"person\":null,\"auction\":{";
  append_number("id", auction.id);
  append_text("itemName", auction.item_name);
  append_text("description", auction.description);
  append_number("initialBid", auction.initial_bid);
  append_number("reserve", auction.reserve);
  AppendTime("dateTime", auction.date_time_ms, out);
  out += ',';
  AppendTime("expires", auction.expires_ms, out);
  out += ',';
  append_number("seller", auction.seller);
  append_number("category", auction.category);
  AppendText("extra", tables[auction.extra], out);
  out += "},\"bid\":null}";
}

constexpr std::string_view kBidHead = R"({"event_type":2,"person":null,"auction":null,"bid":{)";

void AppendBid(const Generator& generator, std::int64_t id, std::string& out) {
  const TextTables& tables = generator.tables();
  Bid bid;
  generator.Fill(id, bid);
  out += kBidHead;
  AppendNumber("auction", bid.auction, out);
  out += ',';
  AppendNumber("bidder", bid.bidder, out);
  out += ',';
  AppendNumber("price", bid.price, out);
  out += ',';
  AppendText("channel", tables[bid.channel], out);
  out += ',';
  AppendText("url", tables[bid.url], out);
  out += ',';
  AppendTime("dateTime", bid.date_time_ms, out);
  out += ',';
  AppendText("extra", tables[bid.extra], out);
  out += "}}";
}

// Takes a line apart from left to right.
class Cursor {
 public:
  explicit Cursor(std::string_view line) : line_(line) {}

  bool StartsWith(std::string_view text) const { return line_.substr(at_).starts_with(text); }
  void Expect(std::string_view text) {
    if (!StartsWith(text)) Fail("'" + std::string(text) + "' is missing");
    at_ += text.size();
  }
  std::int64_t Number(std::string_view before) {
    Expect(before);
    std::int64_t number = 0;
    const char* const begin = line_.data() + at_;
    const auto [end, error] = std::from_chars(begin, line_.data() + line_.size(), number);
    if (error != std::errc()) Fail("no number");
    at_ += static_cast<std::size_t>(end - begin);
    return number;
  }
  std::string_view String(std::string_view before) {
    Expect(before);
    const std::size_t end = line_.find('"', at_);
    if (end == std::string_view::npos) Fail("a string does not end");
    const std::string_view text = line_.substr(at_, end - at_);
    at_ = end + 1;
    return text;
  }
  [[noreturn]] void Fail(const std::string& what) const {
    throw std::invalid_argument("byte " + std::to_string(at_) + ": " + what);
  }

 private:
  const std::string_view line_;
  std::size_t at_ = 0;
};

std::int64_t ToTime(std::string_view text, const Cursor& cursor) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millisecond = 0;
  if (std::sscanf(std::string(text).c_str(), "%4d-%2u-%2u %2d:%2d:%2d.%3d", &year, &month, &day,
                  &hour, &minute, &second, &millisecond) != 7) {
    cursor.Fail("no time");
  }
  const std::chrono::sys_days days =
      std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
  const Time time = days + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                    std::chrono::seconds(second) + milliseconds(millisecond);
  return time.time_since_epoch().count();
}

}  // namespace

void AppendJson(const Generator& generator, std::int64_t event_id, std::string& out) {
  switch (Generator::KindOf(event_id)) {
    case EventKind::kPerson:
      return AppendPerson(generator, event_id, out);
    case EventKind::kAuction:
      return AppendAuction(generator, event_id, out);
    case EventKind::kBid:
      return AppendBid(generator, event_id, out);
  }
}

std::optional<BidWithStrings> ParseBid(std::string_view line) {
  Cursor cursor(line);
  if (cursor.StartsWith("{\"event_type\":0,") || cursor.StartsWith("{\"event_type\":1,")) {
    return std::nullopt;
  }
  BidWithStrings bid;
  cursor.Expect(kBidHead);
  bid.auction = cursor.Number("\"auction\":");
  bid.bidder = cursor.Number(",\"bidder\":");
  bid.price = cursor.Number(",\"price\":");
  bid.channel = cursor.String(",\"channel\":\"");
  bid.url = cursor.String(",\"url\":\"");
  bid.date_time_ms = ToTime(cursor.String(",\"dateTime\":\""), cursor);
  bid.extra = cursor.String(",\"extra\":\"");
  cursor.Expect("}}");
  return bid;
}

std::vector<BidWithStrings> ReadBids(const std::string& path) {
  std::ifstream file(path);
  std::vector<BidWithStrings> bids;
  std::string line;
  for (std::int64_t number = 1; std::getline(file, line); ++number) {
    try {
      if (std::optional<BidWithStrings> bid = ParseBid(line)) bids.push_back(*std::move(bid));
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(path + ", line " + std::to_string(number) + ", " + error.what());
    }
  }
  if (!file.eof()) throw std::runtime_error("cannot read " + path);
  return bids;
}

}  // namespace benchmarks::nexmark
