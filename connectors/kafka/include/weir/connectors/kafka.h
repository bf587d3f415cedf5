// Everything of the Kafka connector. Link weir::kafka.
#pragma once

#include <weir/connectors/kafka_formats.h>  // IWYU pragma: export
#include <weir/connectors/kafka_offsets.h>  // IWYU pragma: export
#include <weir/connectors/kafka_record.h>   // IWYU pragma: export
#include <weir/connectors/kafka_sink.h>     // IWYU pragma: export
#include <weir/connectors/kafka_source.h>   // IWYU pragma: export
#include <weir/connectors/kafka_split.h>    // IWYU pragma: export
