// Everything of the data generator. Link weir::generator.
#pragma once

#include <weir/connectors/generator_rate.h>    // IWYU pragma: export
#include <weir/connectors/generator_source.h>  // IWYU pragma: export
#include <weir/connectors/random_fields.h>     // IWYU pragma: export
