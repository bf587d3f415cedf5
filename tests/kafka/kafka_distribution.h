// The jars of Apache Kafka, fetched once per machine.
#pragma once

#include <string>

#include <weir/status.h>

namespace weir::test {

inline constexpr char kDefaultKafkaVersion[] = "4.1.2";

// The folder that holds the jars of this Kafka version:
// ${XDG_CACHE_HOME:-$HOME/.cache}/weir/kafka-<version>/libs. The first call on a machine fetches 44
// MB with Maven (about 8 s), from wherever Maven's own configuration says; others wait for it at a
// lock file. kUnavailable, with the reason, where there is no java, no mvn, or the jars cannot be
// had.
Result<std::string> FetchKafka(const std::string& version = kDefaultKafkaVersion);

}  // namespace weir::test
