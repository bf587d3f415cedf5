// Everything of the files connector. Link weir::files.
#pragma once

#include <weir/connectors/bucket_assigner.h>  // IWYU pragma: export
#include <weir/connectors/file_sink.h>        // IWYU pragma: export
#include <weir/connectors/file_source.h>      // IWYU pragma: export
#include <weir/connectors/file_split.h>       // IWYU pragma: export
#include <weir/connectors/file_system.h>      // IWYU pragma: export
