#include "taskmanager/task/barrier_aligner.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace weir::task {
namespace {

using Mode = BarrierAligner::Mode;
using Outcome = BarrierAligner::Outcome;

std::string ToText(const Outcome& outcome) {
  std::string text;
  for (const std::uint64_t id : outcome.given_up) text += "up" + std::to_string(id) + " ";
  if (outcome.unblock) text += "unblock ";
  if (outcome.began) text += "begin ";
  if (outcome.block) text += "block ";
  if (outcome.stop_recording) text += "stop ";
  if (outcome.recorded) text += "recorded" + std::to_string(*outcome.recorded) + " ";
  if (outcome.overtaken) {
    text += "overtaken" + std::to_string(outcome.overtaken->checkpoint_id) + ":";
    for (const std::uint32_t channel : outcome.record) text += std::to_string(channel);
    text += " ";
    EXPECT_TRUE(outcome.overtaken->unaligned);
  }
  if (outcome.aligned) text += "aligned" + std::to_string(outcome.aligned->checkpoint_id) + " ";
  return text.empty() ? "-" : text.substr(0, text.size() - 1);
}

struct Case {
  const char* name;
  Mode mode;
  std::uint32_t channels;
  // "<channel>:<checkpoint>" is a barrier, with a "!" behind it of an unaligned checkpoint,
  // "e<channel>" an end, "l<channel>" the last element before it, "a<checkpoint>" an abort,
  // "!<checkpoint>" an announcement.
  const char* events;
  const char* outcomes;  // by event, separated by '|'
};

class BarrierAlignerTableTest : public testing::TestWithParam<Case> {};

TEST_P(BarrierAlignerTableTest, SaysWhatFollows) {
  std::istringstream events(GetParam().events);
  BarrierAligner aligner(GetParam().channels, GetParam().mode);
  std::string outcomes;
  for (std::string event; events >> event;) {
    Outcome outcome;
    if (event[0] == 'e') {
      outcome = aligner.OnEnd(static_cast<std::uint32_t>(std::stoul(event.substr(1))));
    } else if (event[0] == 'l') {
      outcome = aligner.OnLastRecorded(static_cast<std::uint32_t>(std::stoul(event.substr(1))));
    } else if (event[0] == '!') {
      outcome = aligner.OnAnnounced({.checkpoint_id = std::stoull(event.substr(1))});
    } else if (event[0] == 'a') {
      outcome = aligner.OnAborted(std::stoull(event.substr(1)));
    } else {
      const std::size_t colon = event.find(':');
      outcome = aligner.OnBarrier(static_cast<std::uint32_t>(std::stoul(event)),
                                  {.checkpoint_id = std::stoull(event.substr(colon + 1)),
                                   .unaligned = event.back() == '!'});
    }
    outcomes += (outcomes.empty() ? "" : "|") + ToText(outcome);
  }
  EXPECT_EQ(outcomes, GetParam().outcomes);
}

constexpr Mode kOnce = Mode::kExactlyOnce;
constexpr Mode kLeast = Mode::kAtLeastOnce;
constexpr Case kCases[] = {
    {"OneChannel", kOnce, 1, "0:1 0:2", "begin block aligned1|begin block aligned2"},
    {"EachChannelOnce", kOnce, 3, "0:1 2:1 1:1", "begin block|block|block aligned1"},
    {"AnEndCountsAsABarrier", kOnce, 2, "0:1 e1", "begin block|aligned1"},
    {"AnEndBeforeTheFirstBarrier", kOnce, 2, "e1 0:1", "-|begin block aligned1"},
    {"TheLastEndsAreNoCheckpoint", kOnce, 2, "e1 e0", "-|-"},
    {"ANewerBarrierGivesTheOlderUp", kOnce, 2, "0:1 1:2 0:2",
     "begin block|up1 unblock begin block|block aligned2"},
    {"AnAbortUnblocks", kOnce, 2, "0:1 a1 1:1", "begin block|unblock|-"},
    {"ABarrierOfAnAbortedOneIsIgnored", kOnce, 2, "a1 0:1 1:1 0:2 1:2",
     "-|-|-|begin block|block aligned2"},
    {"AnAbortedNewerOneGivesTheOlderUp", kOnce, 2, "0:1 a2 1:2 0:2 1:3 0:3",
     "begin block|-|up1 unblock|-|begin block|block aligned3"},
    {"AnAbortOfWhatIsAlignedMeansNothing", kOnce, 2, "0:1 1:1 a1", "begin block|block aligned1|-"},
    {"ALateBarrierIsIgnored", kOnce, 2, "0:2 1:1 1:2", "begin block|-|block aligned2"},
    {"AnAbortOfAnotherOneMeansNothing", kOnce, 2, "0:1 a2 1:1", "begin block|-|block aligned1"},
    {"ASecondAbortMeansNothing", kOnce, 2, "0:1 a1 a1", "begin block|unblock|-"},
    {"AnEndedChannelSaysThatThereIsACheckpoint", kOnce, 2, "e0 0:1 1:1", "-|begin|block aligned1"},
    {"AnEndedChannelSaysItTwice", kOnce, 2, "e0 1:1 0:1", "-|begin block aligned1|-"},
    {"WhereAllHaveEndedOneSaysItAll", kOnce, 2, "e0 e1 0:1 1:1 1:2",
     "-|-|begin aligned1|-|begin aligned2"},
    {"AnEndedChannelHoldsNothingUp", kOnce, 3, "1:1 e0 0:2 2:1 1:2 2:2",
     "begin block|-|begin|block aligned1|block|block aligned2"},
    {"AnAbortOfWhatEndedChannelsBroughtUnblocksNobody", kOnce, 3, "e0 1:1 0:2 a2 2:1",
     "-|begin block|begin|-|block aligned1"},
    {"AnEndedChannelIsNeverBlocked", kOnce, 2, "e0 0:1 a1 e1 0:2", "-|begin|-|-|begin aligned2"},
    {"AtLeastOnceBlocksNothing", kLeast, 2, "0:1 1:1", "begin|aligned1"},
    {"AtLeastOnceCountsSeveral", kLeast, 2, "0:1 0:2 1:1 1:2", "begin|begin|aligned1|aligned2"},
    {"AtLeastOnceGivesUpWhatWasSkipped", kLeast, 2, "0:1 0:2 1:2", "begin|begin|up1 aligned2"},
    {"OneEndCompletesTheNewest", kLeast, 2, "0:1 0:2 e1", "begin|begin|up1 aligned2"},
    {"AnAnnouncementRecordsAll", kOnce, 2, "!1 0:1 1:1", "begin overtaken1:01|stop|stop recorded1"},
    {"AnUnalignedBarrierAnnounces", kOnce, 3, "1:1! 0:1 2:1",
     "begin block overtaken1:02|stop|stop recorded1"},
    {"AlignmentMayHaveBegun", kOnce, 3, "0:1 !1 2:1 1:1",
     "begin block|overtaken1:12|stop|stop recorded1"},
    {"AnnouncedTwiceIsAnnounced", kOnce, 2, "!1 !1 0:1! 1:1!",
     "begin overtaken1:01|-|stop|stop recorded1"},
    {"AnEndEndsTheRecording", kOnce, 2, "!1 l0 e0 1:1",
     "begin overtaken1:01|stop|-|stop recorded1"},
    {"AnEndThatWasNotReadAheadDoes", kOnce, 2, "!1 e0 1:1",
     "begin overtaken1:01|stop|stop recorded1"},
    {"ALastElementWithoutARecordingMeansNothing", kOnce, 2, "l0 e0 1:1",
     "-|-|begin block aligned1"},
    {"WhereAllHaveEndedThereIsNothingToWaitFor", kOnce, 2, "e0 e1 !1 0:1", "-|-|begin aligned1|-"},
    {"ANewerAnnouncementGivesARecordingUp", kOnce, 2, "!1 0:1 !2 0:2 1:2",
     "begin overtaken1:01|stop|up1 begin overtaken2:01|stop|stop recorded2"},
    {"ANewerAnnouncementGivesAnAlignmentUp", kOnce, 2, "0:1 !2 0:2 1:2",
     "begin block|up1 unblock begin overtaken2:01|stop|stop recorded2"},
    {"ANewerBarrierGivesARecordingUp", kOnce, 2, "!1 0:1 0:2 1:2",
     "begin overtaken1:01|stop|up1 begin block|block aligned2"},
    {"AnAbortOfARecordingUnblocksNobody", kOnce, 2, "!1 0:1 a1 0:2 1:1 1:2",
     "begin overtaken1:01|stop|-|begin block|-|block aligned2"},
    {"AnAbortedAnnouncementMeansNothing", kOnce, 2, "a1 !1 !2", "-|-|begin overtaken2:01"},
    {"ALateAnnouncementMeansNothing", kOnce, 2, "0:1 1:1 !1 0:2 !1",
     "begin block|block aligned1|-|begin block|-"},
    {"AtLeastOnceHearsNoAnnouncements", kLeast, 2, "!1 0:1! 1:1!", "-|begin|aligned1"},
    {"AtLeastOnceAbortsOne", kLeast, 2, "0:1 0:2 a1 1:1 1:2", "begin|begin|-|-|aligned2"},
};

INSTANTIATE_TEST_SUITE_P(Cases, BarrierAlignerTableTest, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(BarrierAlignerTest, RemembersABoundedNumberOfAbortedCheckpoints) {
  BarrierAligner aligner(2, kOnce);
  for (std::uint64_t id = 1; id <= BarrierAligner::kMostAborted + 1; ++id) aligner.OnAborted(id);
  EXPECT_EQ(ToText(aligner.OnBarrier(0, {.checkpoint_id = 1})), "begin block")
      << "the oldest is forgotten";
  EXPECT_EQ(ToText(aligner.OnBarrier(1, {.checkpoint_id = 2})), "up1 unblock");
}

// What should come of the events so far, by definition: everything is worked out anew from the sets
// of what every channel has brought.
class NaiveModel {
 public:
  NaiveModel(std::uint32_t channels, Mode mode)
      : mode_(mode), brought_(channels), ended_(channels) {}

  void Barrier(std::uint32_t channel, std::uint64_t id) {
    const bool is_newest = id > newest_;
    newest_ = std::max(newest_, id);
    brought_[channel].insert(id);
    if (is_newest && !aborted_.contains(id)) under_way_.insert(id);
    Settle();
  }
  void End(std::uint32_t channel) {
    ended_[channel] = true;
    Settle();
  }
  void Abort(std::uint64_t id) {
    aborted_.insert(id);
    under_way_.erase(id);
  }

  // Of the last event.
  std::set<std::uint64_t> given_up;
  std::optional<std::uint64_t> aligned;

  bool Blocked(std::uint32_t channel) const {
    return mode_ == kOnce && !ended_[channel] &&
           std::any_of(under_way_.begin(), under_way_.end(),
                       [&](auto id) { return brought_[channel].contains(id); });
  }
  bool Ended(std::uint32_t channel) const { return ended_[channel]; }

 private:
  void Settle() {
    given_up.clear();
    aligned.reset();
    std::set<std::uint64_t> complete;
    for (const std::uint64_t id : std::set(under_way_)) {
      bool all = true;
      bool possible = true;
      for (std::uint32_t i = 0; i < brought_.size(); ++i) {
        if (brought_[i].contains(id)) continue;
        all = all && ended_[i];
        possible = possible && (ended_[i] || brought_[i].empty() || *brought_[i].rbegin() < id);
      }
      if (all) complete.insert(id);
      if (!possible) given_up.insert(id);
      if (all || !possible) under_way_.erase(id);
    }
    if (complete.empty()) return;
    aligned = *complete.rbegin();
    complete.erase(*aligned);
    given_up.merge(complete);
  }

  const Mode mode_;
  std::vector<std::set<std::uint64_t>> brought_;
  std::vector<bool> ended_;
  std::uint64_t newest_ = 0;
  std::set<std::uint64_t> under_way_;
  std::set<std::uint64_t> aborted_;
};

class BarrierAlignerRandomTest : public testing::TestWithParam<Mode> {};

TEST_P(BarrierAlignerRandomTest, AgreesWithTheModelInAnyInterleaving) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  int aligned = 0;
  for (int round = 0; round < 2000; ++round) {
    const std::uint32_t channels = 1 + random() % 5;
    BarrierAligner aligner(channels, GetParam());
    NaiveModel model(channels, GetParam());
    std::vector<bool> blocked(channels, false);
    std::vector<std::uint64_t> last(channels, 0);
    for (int event = 0; event < 60; ++event) {
      std::uint32_t channel = random() % channels;
      Outcome outcome;
      if (random() % 8 == 0) {
        const std::uint64_t id = 1 + random() % 12;
        outcome = aligner.OnAborted(id);
        model.Abort(id);
        model.given_up.clear();
        model.aligned.reset();
      } else {
        if (blocked[channel]) continue;
        if (random() % 40 == 0 && !model.Ended(channel)) {
          outcome = aligner.OnEnd(channel);
          model.End(channel);
        } else {
          last[channel] += random() % 5 == 0 ? 2 : 1;
          outcome = aligner.OnBarrier(channel, {.checkpoint_id = last[channel]});
          model.Barrier(channel, last[channel]);
        }
      }
      if (outcome.unblock) blocked.assign(channels, false);
      if (outcome.block) blocked[channel] = true;
      ASSERT_EQ(std::set(outcome.given_up.begin(), outcome.given_up.end()), model.given_up);
      ASSERT_EQ(outcome.aligned.has_value(), model.aligned.has_value());
      if (outcome.aligned) {
        ++aligned;
        ASSERT_EQ(outcome.aligned->checkpoint_id, *model.aligned);
        blocked.assign(channels, false);
      }
      for (std::uint32_t i = 0; i < channels; ++i) {
        ASSERT_EQ(blocked[i], model.Blocked(i)) << i;
      }
    }
  }
  EXPECT_GT(aligned, 1000) << "the rounds come to something";
}

INSTANTIATE_TEST_SUITE_P(Modes, BarrierAlignerRandomTest, testing::Values(kOnce, kLeast),
                         [](const auto& mode) {
                           return mode.param == kOnce ? "ExactlyOnce" : "AtLeastOnce";
                         });

}  // namespace
}  // namespace weir::task
