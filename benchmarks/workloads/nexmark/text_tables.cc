#include "benchmarks/workloads/nexmark/text_tables.h"

#include <algorithm>

#include "benchmarks/workloads/nexmark/random.h"

namespace benchmarks::nexmark {
namespace {

constexpr std::uint64_t kTextSeed = 0x6E65786D61726B;  // "nexmark": never changes
constexpr std::uint32_t kTexts = 4096;
// A piece of random text may begin at the last place and still be this long.
constexpr std::uint64_t kLongestPiece = 1024;

enum Section : std::uint64_t { kRandomText, kUrls, kEmails, kCards, kItems, kDescriptions };

EventRandom RandomFor(Section section, std::uint64_t index) {
  return EventRandom(kTextSeed + section, index);
}

char Letter(std::uint64_t bits) {
  return static_cast<char>('a' + (bits & 0xFFFF) * 26 / 65536);
}

// Up to eight characters, each the gap in one of 13 cases and a letter else.
std::string Word(EventRandom& random, std::uint64_t length, char gap) {
  std::string word;
  for (std::uint64_t i = 0; i < length; ++i) {
    const std::uint64_t bits = random.Bits();
    word += UpperBelow(bits, 13) == 0 ? gap : Letter(bits);
  }
  return word;
}

std::string Trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// 3 to longest - 1 characters, made of as many draws as it takes.
std::string LongText(Section section, std::uint64_t index, std::uint64_t longest) {
  EventRandom first = RandomFor(section, index * 64);
  const std::uint64_t length = 3 + UpperBelow(first.Bits(), longest - 3);
  std::string text;
  for (std::uint64_t part = 1; text.size() < length; ++part) {
    EventRandom random = RandomFor(section, index * 64 + part);
    text += Word(random, std::min<std::uint64_t>(length - text.size(), 8), ' ');
  }
  return Trimmed(text);
}

std::string Url(std::uint32_t channel) {
  std::string url = "https://www.nexmark.com/";
  for (std::uint64_t part = 0; part < 3; ++part) {
    EventRandom random = RandomFor(kUrls, channel * 4 + part);
    const std::uint64_t length = 3 + (random.Bits() & 1);
    url += Word(random, length, '_') + "/";
  }
  url += "item.htm?query=1";
  EventRandom random = RandomFor(kUrls, channel * 4 + 3);
  if (UpperBelow(random.Bits(), 10) == 0) return url;
  std::uint32_t reversed = 0;
  for (int bit = 0; bit < 32; ++bit) reversed |= ((channel >> bit) & 1) << (31 - bit);
  const auto id = static_cast<std::int32_t>(reversed);
  return url + "&channel_id=" + std::to_string(id < 0 ? -static_cast<std::int64_t>(id) : id);
}

std::string EmailAddress(std::uint32_t index) {
  EventRandom name = RandomFor(kEmails, 2 * index);
  EventRandom host = RandomFor(kEmails, 2 * index + 1);
  const std::uint64_t name_length = 3 + UpperBelow(name.Bits(), 4);
  const std::uint64_t host_length = 3 + UpperBelow(host.Bits(), 2);
  return Trimmed(Word(name, name_length, ' ')) + "@" + Trimmed(Word(host, host_length, ' ')) +
         ".com";
}

std::string CreditCard(std::uint32_t index) {
  EventRandom random = RandomFor(kCards, index);
  std::string card;
  for (int group = 0; group < 4; ++group) {
    const std::string digits = std::to_string(10'000 + UpperBelow(random.Bits(), 10'000));
    card += (group == 0 ? "" : " ") + digits.substr(1);
  }
  return card;
}

}  // namespace

const TextTables& TextTables::Get() {
  static const TextTables tables;
  return tables;
}

TextTables::TextTables() {
  text_.reserve(3 << 20);
  for (std::uint64_t i = 0; i < kRandomTextBytes + kLongestPiece; i += 4) {
    EventRandom random = RandomFor(kRandomText, i);
    const std::uint64_t bits = random.Bits();
    for (int letter = 0; letter < 4; ++letter) text_ += Letter(bits >> (16 * letter));
  }
  AddChannels();
  AddPersons();
  AddAuctions();
}

Text TextTables::Append(std::string_view text) {
  const std::uint64_t offset = text_.size();
  text_ += text;
  return {offset, text.size()};
}

void TextTables::AddChannels() {
  constexpr std::string_view kPopular[] = {"Google", "Facebook", "Baidu", "Apple"};
  for (std::uint32_t i = 0; i < kPopularChannels; ++i) {
    popular_names_[i] = Append(kPopular[i]);
    popular_urls_[i] = Append(Url(kChannels + i));
  }
  channel_names_ = text_.size();
  for (std::uint32_t i = 0; i < kChannels; ++i) {
    const std::string name = "channel-" + std::to_string(i);
    channel_name_lengths_.push_back(static_cast<std::uint8_t>(name.size()));
    text_ += name + std::string(kChannelNameStride - name.size(), ' ');
  }
  channel_urls_ = text_.size();
  for (std::uint32_t i = 0; i < kChannels; ++i) {
    const std::string url = Url(i);
    channel_url_lengths_.push_back(static_cast<std::uint8_t>(url.size()));
    text_ += url + std::string(kUrlStride - url.size(), ' ');
  }
}

void TextTables::AddPersons() {
  constexpr std::string_view kFirstNames[] = {"Peter", "Paul",  "Luke",  "John",   "Saul",  "Vicky",
                                              "Kate",  "Julie", "Sarah", "Deiter", "Walter"};
  constexpr std::string_view kLastNames[] = {"Shultz", "Abrams", "Spencer", "White", "Bartels",
                                             "Walton", "Smith",  "Jones",   "Noris"};
  constexpr std::string_view kCities[] = {"Phoenix",  "Los Angeles", "San Francisco", "Boise",
                                          "Portland", "Bend",        "Redmond",       "Seattle",
                                          "Kent",     "Cheyenne"};
  constexpr std::string_view kStateNames[kStates] = {"AZ", "CA", "ID", "OR", "WA", "WY"};
  for (const std::string_view first : kFirstNames) {
    for (const std::string_view last : kLastNames) {
      names_.push_back(Append(std::string(first) + " " + std::string(last)));
    }
  }
  for (const std::string_view city : kCities) cities_.push_back(Append(city));
  for (std::uint32_t i = 0; i < kStates; ++i) states_[i] = Append(kStateNames[i]);
  for (std::uint32_t i = 0; i < kTexts; ++i) {
    email_addresses_.push_back(Append(EmailAddress(i)));
    credit_cards_.push_back(Append(CreditCard(i)));
  }
}

void TextTables::AddAuctions() {
  for (std::uint32_t i = 0; i < kTexts; ++i) {
    item_names_.push_back(Append(LongText(kItems, i, 20)));
    descriptions_.push_back(Append(LongText(kDescriptions, i, 100)));
  }
}

}  // namespace benchmarks::nexmark
