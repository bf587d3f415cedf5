// The record of the guide's examples.
#pragma once

#include <cstdint>
#include <string>

#include <weir/api.h>

// [order]
struct Order {
  std::string customer;
  std::int64_t cents = 0;
  std::int64_t time_ms = 0;
};
WEIR_FIELDS(Order, customer, cents, time_ms)
// [/order]
