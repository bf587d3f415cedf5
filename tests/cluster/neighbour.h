// Neighbour: a healthy job that runs beside whatever a test does to others, and must not miss a
// record through it.
#pragma once

#include <cstdint>
#include <string>

#include "tests/cluster/cluster_fixture.h"

namespace weir::cluster_test {

// Two sources -> rebalance -> two sinks at a steady pace, until the end file appears.
JobRequest NeighbourJob(const std::string& folder, const std::string& end_file);

// For the whole output of an ended neighbour: from each source every record from 0 on, once,
// without a gap.
void ExpectNothingMissed(const std::string& folder);

}  // namespace weir::cluster_test
