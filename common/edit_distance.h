// How far two words are apart, to answer a typing error with "did you mean …?".
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace weir {

// The least number of characters to insert, delete, replace or swap with their neighbour that makes
// one word the other (optimal string alignment), without regard to the case of ASCII letters.
std::size_t EditDistance(std::string_view left, std::string_view right);

// The candidate nearest to `word`, the first of equally near ones; empty when none is near enough
// to be meant (more than a third of the word's length away).
std::string_view NearestWord(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace weir
