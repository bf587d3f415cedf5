// Watermark alignment: the decisions of readers and coordinators by table, without a source.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/split_alignment.h>
#include <weir/internal/testing/fake_chain_context.h>
#include <weir/internal/watermark_alignment_group.h>

namespace weir::internal {
namespace {

using Change = SplitAlignment::Change;

// --- which splits are ahead ---

struct AlignmentEvent {
  enum Kind { kAdd, kRemove, kWatermark, kMaxAllowed } kind;
  std::uint32_t split = 0;
  std::int64_t watermark_ms = 0;
};
constexpr auto kAdd = AlignmentEvent::kAdd;
constexpr auto kRemove = AlignmentEvent::kRemove;
constexpr auto kWatermark = AlignmentEvent::kWatermark;
constexpr auto kMaxAllowed = AlignmentEvent::kMaxAllowed;

struct AlignmentRow {
  AlignmentEvent event;
  Change change;
  bool all_ahead = false;
  bool some_ahead = false;
};

void Check(const std::vector<AlignmentRow>& rows) {
  SplitAlignment alignment;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE("row " + std::to_string(i));
    const auto& [kind, split, watermark_ms] = rows[i].event;
    if (kind == kAdd) alignment.Add(split);
    if (kind == kRemove) alignment.Remove(split);
    if (kind == kWatermark) alignment.OnWatermark(split, watermark_ms);
    if (kind == kMaxAllowed) alignment.SetMaxAllowed(watermark_ms);
    EXPECT_EQ(alignment.TakeChange(), rows[i].change);
    EXPECT_EQ(alignment.all_ahead(), rows[i].all_ahead);
    EXPECT_EQ(alignment.some_ahead(), rows[i].some_ahead);
    EXPECT_TRUE(alignment.TakeChange().empty());
  }
}

TEST(SplitAlignment, SplitsAboveTheMaximumAreAheadUntilItHasGrown) {
  Check({{{kAdd, 0}, {}},
         {{kAdd, 1}, {}},
         {{kWatermark, 0, 1'000'000}, {}},  // no limit yet
         {{kMaxAllowed, 0, 500}, {{0}, {}}, /*all_ahead=*/true},
         {{kWatermark, 1, 500}, {}, false, /*some_ahead=*/true},
         {{kWatermark, 1, 501}, {{1}, {}}, true},
         {{kWatermark, 1, 502}, {}, true},
         {{kMaxAllowed, 0, 502}, {{}, {1}}, false, true},
         {{kMaxAllowed, 0, 400}, {{1}, {}}, true},  // it may go down
         {{kMaxAllowed, 0, 1'000'000}, {{}, {0, 1}}}});
}

TEST(SplitAlignment, ASplitWithoutAWatermarkIsNeitherAheadNorBegun) {
  Check({{{kAdd, 0}, {}},
         {{kAdd, 1}, {}},
         {{kMaxAllowed, 0, 10}, {}},
         {{kWatermark, 1, 11}, {{1}, {}}, true}});
}

TEST(SplitAlignment, ASplitThatHasGoneIsForgottenAndItsNumberUsedAgain) {
  Check({{{kAdd, 0}, {}},
         {{kAdd, 1}, {}},
         {{kMaxAllowed, 0, 10}, {}},
         {{kWatermark, 0, 20}, {{0}, {}}, true},
         {{kWatermark, 1, 5}, {}, false, true},
         {{kRemove, 0}, {}},
         {{kMaxAllowed, 0, 30}, {}},
         {{kAdd, 0}, {}},
         {{kWatermark, 0, 31}, {{0}, {}}, false, true},
         {{kRemove, 1}, {}, true},
         {{kRemove, 0}, {}}});
}

// --- when a reader reports ---

struct ReportRow {
  std::int64_t now_ms = 0;
  std::int64_t watermark_ms = 0;
  std::optional<std::int64_t> report_ms;
  std::optional<std::int64_t> next_ms;  // after that
};

TEST(WatermarkReports, OnceInTheIntervalAndEarlierAfterALeap) {
  WatermarkReports reports({"group", /*max_drift_ms=*/100, /*update_interval_ms=*/1000});
  EXPECT_FALSE(reports.next_ms().has_value());
  EXPECT_FALSE(reports.Take(0).has_value());
  const std::vector<ReportRow> rows = {{50'000, 10, 10, {}},      // the first one at once
                                       {50'010, 10, {}, {}},      // nothing new
                                       {50'020, 30, {}, 51'000},  // a small step
                                       {50'090, 60, {}, 50'100},  // half the drift
                                       {50'100, 61, 61, {}},      //
                                       {50'150, 62, {}, 51'100},  //
                                       {51'100, 62, 62, {}},      //
                                       {51'150, kMaximumWatermark, {}, 51'200},  // idle: a leap
                                       {51'200, kMaximumWatermark, kMaximumWatermark, {}},
                                       {51'300, 63, 63, {}},   // active again
                                       {10'000, 64, 64, {}}};  // the clock was set back
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE("row " + std::to_string(i));
    reports.OnWatermark(rows[i].watermark_ms);
    EXPECT_EQ(reports.Take(rows[i].now_ms), rows[i].report_ms);
    EXPECT_EQ(reports.next_ms(), rows[i].next_ms);
  }
}

// --- what coordinators announce ---

// What was sent to each subtask, and what is scheduled, on a clock of the test.
class AnnouncementContext final : public CoordinatorContext {
 public:
  std::uint32_t parallelism() const override { return 4; }
  void SendToSubtask(std::uint32_t subtask, std::string payload) override {
    const auto message = DecodeSourceMessage(payload);
    ASSERT_TRUE(message.ok());
    EXPECT_EQ(message->kind, SourceMessage::kMaxAllowedWatermark);
    sent[subtask].push_back(DecodeWatermarkContent(message->content).value());
  }
  void Fail(Status status) override { ADD_FAILURE() << status.ToString(); }
  void RunBlocking(std::function<void()>, std::function<void()>) override { FAIL(); }
  void Schedule(std::int64_t delay_ms, std::function<void()> task) override {
    scheduled.emplace_back(delay_ms, std::move(task));
  }
  Logger& logger() override { return logger_; }

  void PassInterval() {
    for (auto& [delay_ms, task] : std::exchange(scheduled, {})) task();
  }

  std::map<std::uint32_t, std::vector<std::int64_t>> sent;
  std::vector<std::pair<std::int64_t, std::function<void()>>> scheduled;

 private:
  testing::FakeLogger logger_;
};

// A source of the group with two readers.
struct AlignedSource {
  AlignedSource(const std::shared_ptr<WatermarkAlignmentGroups>& groups, std::int64_t max_drift_ms,
                const std::string& group = "orders")
      : alignment(WatermarkAlignment{group, max_drift_ms, 1000}, groups, context) {
    alignment.ReaderReady(0);
    alignment.ReaderReady(1);
  }
  void Report(std::uint32_t subtask, std::int64_t watermark_ms) {
    const std::string message =
        EncodeWatermarkMessage(SourceMessage::kReportWatermark, watermark_ms);
    EXPECT_TRUE(alignment.OnReport(subtask, DecodeSourceMessage(message)->content).ok());
  }
  AnnouncementContext context;
  SourceAlignment alignment;
};

using Longs = std::vector<std::int64_t>;

TEST(SourceAlignment, TheSlowestReaderOfAllSourcesOfTheGroupIsTheMeasure) {
  const auto groups = std::make_shared<WatermarkAlignmentGroups>();
  AlignedSource orders(groups, 100);
  AlignedSource payments(groups, 1000);
  AlignedSource others(groups, 100, "others");
  orders.Report(0, 5000);
  payments.Report(1, 2000);
  EXPECT_EQ(orders.context.sent[0], (Longs{5100, 2100})) << "each with a drift of its own";
  EXPECT_EQ(orders.context.sent[1], (Longs{5100, 2100}));
  EXPECT_EQ(payments.context.sent[0], (Longs{6000, 3000}));
  EXPECT_TRUE(others.context.sent.empty());
  orders.Report(1, 1990);
  EXPECT_EQ(orders.context.sent[0].back(), 2090);
  orders.Report(1, 5100);
  EXPECT_EQ(orders.context.sent[0].back(), 2090) << "a small step can wait";
  ASSERT_EQ(orders.context.scheduled.size(), 1u);
  EXPECT_EQ(orders.context.scheduled[0].first, 1000);
  orders.context.PassInterval();
  EXPECT_EQ(orders.context.sent[0].back(), 2100);
  EXPECT_TRUE(orders.context.scheduled.empty()) << "no news: nothing is scheduled";
  payments.Report(1, 2500);
  EXPECT_EQ(orders.context.sent[0].back(), 2600) << "a leap cannot";
}

TEST(SourceAlignment, ReadersThatAreIdleOrHaveEndedHoldNobodyBack) {
  const auto groups = std::make_shared<WatermarkAlignmentGroups>();
  AlignedSource orders(groups, 100);
  orders.Report(0, 1000);
  orders.Report(1, 9000);
  orders.Report(0, kMaximumWatermark);
  EXPECT_EQ(orders.context.sent[1], (Longs{1100, 9100}));
  orders.Report(1, kMaximumWatermark);
  EXPECT_EQ(orders.context.sent[1].back(), kMaximumWatermark) << "no limit, and no overflow";
}

TEST(SourceAlignment, ALostReaderCountsNoMoreAndItsSuccessorHearsTheMaximum) {
  const auto groups = std::make_shared<WatermarkAlignmentGroups>();
  AlignedSource orders(groups, 100);
  orders.Report(0, 1000);
  orders.Report(1, 9000);
  orders.alignment.ReaderFailed(0);
  EXPECT_EQ(orders.context.sent[1].back(), 9100);
  EXPECT_EQ(orders.context.sent[0], (Longs{1100})) << "it is gone";
  orders.alignment.ReaderReady(0);
  EXPECT_EQ(orders.context.sent[0], (Longs{1100, 9100}));
}

TEST(SourceAlignment, ASourceThatIsClosedLeavesItsGroup) {
  const auto groups = std::make_shared<WatermarkAlignmentGroups>();
  AlignedSource orders(groups, 100);
  {
    AlignedSource payments(groups, 100);
    payments.Report(0, 10);
    orders.Report(0, 5000);
    EXPECT_EQ(orders.context.sent[0].back(), 110);
  }
  orders.Report(1, 6000);
  EXPECT_EQ(orders.context.sent[0].back(), 5100);
}

TEST(SourceAlignment, RefusesAReportThatIsNone) {
  const auto groups = std::make_shared<WatermarkAlignmentGroups>();
  AlignedSource orders(groups, 100);
  const std::string message = EncodeWatermarkMessage(SourceMessage::kReportWatermark, 7);
  for (std::size_t length = 2; length < message.size(); ++length) {
    const std::string half = message.substr(0, length);
    const auto decoded = DecodeSourceMessage(half);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(orders.alignment.OnReport(0, decoded->content).code(), StatusCode::kCorruption);
  }
}

}  // namespace
}  // namespace weir::internal
