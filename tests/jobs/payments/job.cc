// Two keyed streams, with state and timers of a key in common.
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "tests/jobs/golden_job.h"

namespace weir::golden::payments {
namespace {

struct Event {
  std::string key;
  std::int64_t value = 0;
  std::int64_t time_ms = 0;
};
WEIR_FIELDS(Event, key, value, time_ms)

Event Parse(const std::vector<std::string>& words) {
  return {words.at(0), std::stoll(words.at(1)), std::stoll(words.at(2))};
}

// No record is more than 200 ms older than one before it.
WatermarkStrategy<Event> Strategy() {
  return WatermarkStrategy<Event>::ForBoundedOutOfOrderness(200).WithTimestampAssigner(
      [](const Event& event) { return event.time_ms; });
}
constexpr auto kByKey = [](const Event& event) { return event.key; };

// Judges when both streams have passed the term of payment, whichever came first.
struct MatchPayments {
  static constexpr std::int64_t kTerm = 500;
  ValueState<std::int64_t> owed{"owed"};
  ValueState<std::int64_t> due{"due"};
  ValueState<std::int64_t> paid{"paid"};
  auto States() { return std::tie(owed, due, paid); }

  void ProcessElement1(const Event& order, KeyedProcessContext<std::string>& context,
                       Collector<std::string>&) {
    owed.Update(context, order.value);
    due.Update(context, order.time_ms + kTerm);
    context.TimerService().RegisterEventTimeTimer(order.time_ms + kTerm);
  }
  void ProcessElement2(const Event& payment, KeyedProcessContext<std::string>& context,
                       Collector<std::string>&) {
    paid.Update(context, payment.time_ms);
  }
  void OnTimer(std::int64_t, OnTimerContext<std::string>& context, Collector<std::string>& out) {
    const std::int64_t* const when = paid.Find(context);
    const bool in_time = when != nullptr && *when <= *due.Find(context);
    out.Collect(context.key() + (in_time ? " paid " : " unpaid ") +
                std::to_string(*owed.Find(context)));
  }
};

void Payments(GoldenJob& golden) {
  const auto orders = golden.Records<Event>(Parse, Strategy(), "orders.txt");
  const auto payments = golden.Records<Event>(Parse, Strategy(), "payments.txt");
  golden.Expect(
      orders.KeyBy(kByKey).Connect(payments.KeyBy(kByKey)).Process(MatchPayments()).Uid("match"));
}

}  // namespace

GOLDEN_JOB(Payments)

}  // namespace weir::golden::payments
