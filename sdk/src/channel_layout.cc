#include <weir/internal/channel_layout.h>

namespace weir::internal {
namespace {

using Wide = std::uint64_t;

std::uint32_t DivideUp(Wide dividend, Wide divisor) {
  return static_cast<std::uint32_t>((dividend + divisor - 1) / divisor);
}

}  // namespace

// The pointwise ranges are those of Flink's EdgeManagerBuildUtil.connectPointwise.
SubtaskRange TargetsOf(Partitioning partitioning, std::uint32_t source,
                       std::uint32_t source_parallelism, std::uint32_t target_parallelism) {
  switch (partitioning) {
    case Partitioning::kForward:
      return {source, source + 1};
    case Partitioning::kRescale: {
      const Wide sources = source_parallelism;
      const Wide targets = target_parallelism;
      if (sources >= targets) {
        const auto target =
            static_cast<std::uint32_t>(((source + Wide{1}) * targets - 1) / sources);
        return {target, target + 1};
      }
      return {DivideUp(source * targets, sources), DivideUp((source + Wide{1}) * targets, sources)};
    }
    default:
      return {0, target_parallelism};
  }
}

SubtaskRange SourcesOf(Partitioning partitioning, std::uint32_t target,
                       std::uint32_t source_parallelism, std::uint32_t target_parallelism) {
  switch (partitioning) {
    case Partitioning::kForward:
      return {target, target + 1};
    case Partitioning::kRescale: {
      const Wide sources = source_parallelism;
      const Wide targets = target_parallelism;
      const auto first = static_cast<std::uint32_t>(target * sources / targets);
      if (sources < targets) return {first, first + 1};
      return {first, static_cast<std::uint32_t>((target + Wide{1}) * sources / targets)};
    }
    default:
      return {0, source_parallelism};
  }
}

}  // namespace weir::internal
