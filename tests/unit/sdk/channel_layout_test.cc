#include <gtest/gtest.h>

#include <weir/internal/channel_layout.h>

namespace weir::internal {
namespace {

constexpr Partitioning kAll[] = {Partitioning::kForward,   Partitioning::kRebalance,
                                 Partitioning::kRescale,   Partitioning::kShuffle,
                                 Partitioning::kBroadcast, Partitioning::kGlobal,
                                 Partitioning::kKeyGroup,  Partitioning::kCustom};

bool Contains(const SubtaskRange& range, std::uint32_t subtask) {
  return subtask >= range.first && subtask < range.end;
}

TEST(ChannelLayout, SourcesAreTheInverseOfTargets) {
  for (Partitioning partitioning : kAll) {
    for (std::uint32_t sources = 1; sources <= 13; ++sources) {
      for (std::uint32_t targets = 1; targets <= 13; ++targets) {
        if (partitioning == Partitioning::kForward && sources != targets) continue;
        for (std::uint32_t s = 0; s < sources; ++s) {
          for (std::uint32_t t = 0; t < targets; ++t) {
            EXPECT_EQ(Contains(TargetsOf(partitioning, s, sources, targets), t),
                      Contains(SourcesOf(partitioning, t, sources, targets), s))
                << ToString(partitioning) << ' ' << s << '/' << sources << ' ' << t << '/'
                << targets;
          }
        }
      }
    }
  }
}

TEST(ChannelLayout, RescaleLeavesNobodyOutAndConnectsAsFewAsItCan) {
  for (std::uint32_t sources = 1; sources <= 16; ++sources) {
    for (std::uint32_t targets = 1; targets <= 16; ++targets) {
      std::uint32_t channels = 0;
      for (std::uint32_t s = 0; s < sources; ++s) {
        const auto range = TargetsOf(Partitioning::kRescale, s, sources, targets);
        EXPECT_GE(range.size(), 1u);
        EXPECT_LE(range.end, targets);
        channels += range.size();
      }
      for (std::uint32_t t = 0; t < targets; ++t) {
        EXPECT_GE(SourcesOf(Partitioning::kRescale, t, sources, targets).size(), 1u);
      }
      EXPECT_EQ(channels, std::max(sources, targets));
    }
  }
}

// The table in Flink's documentation of rescale().
TEST(ChannelLayout, RescaleAsFlink) {
  EXPECT_EQ(TargetsOf(Partitioning::kRescale, 0, 2, 4), (SubtaskRange{0, 2}));
  EXPECT_EQ(TargetsOf(Partitioning::kRescale, 1, 2, 4), (SubtaskRange{2, 4}));
  EXPECT_EQ(SourcesOf(Partitioning::kRescale, 0, 4, 2), (SubtaskRange{0, 2}));
  EXPECT_EQ(SourcesOf(Partitioning::kRescale, 1, 4, 2), (SubtaskRange{2, 4}));
  EXPECT_EQ(TargetsOf(Partitioning::kRescale, 0, 2, 3), (SubtaskRange{0, 2}));
  EXPECT_EQ(TargetsOf(Partitioning::kRescale, 1, 2, 3), (SubtaskRange{2, 3}));
}

}  // namespace
}  // namespace weir::internal
