// Two keyed streams, with state and timers of a key in common.
#include <cstdint>
#include <string>
#include <tuple>

#include "tests/jobs/event.h"
#include "tests/jobs/golden_job.h"

namespace weir::golden::payments {
namespace {

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
  const auto orders = golden.Records<Event>(ParseEvent, EventTimes(), "orders.txt");
  const auto payments = golden.Records<Event>(ParseEvent, EventTimes(), "payments.txt");
  golden.Expect(
      orders.KeyBy(kByKey).Connect(payments.KeyBy(kByKey)).Process(MatchPayments()).Uid("match"));
}

}  // namespace

GOLDEN_JOB(Payments)

}  // namespace weir::golden::payments
