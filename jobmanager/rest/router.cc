#include "jobmanager/rest/router.h"

#include <optional>
#include <utility>

#include "common/text.h"

namespace weir::rest {

namespace {

std::vector<std::string> SegmentsOf(std::string_view path) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return segments;
  for (std::string_view segment : Split(path, '/')) segments.emplace_back(segment);
  return segments;
}

struct PatternMatch {
  std::string rank;  // per segment 'a' for literal text, 'b' for a parameter: the smallest is the
                     // most specific
  std::map<std::string, std::string> parameters;
};

std::optional<PatternMatch> MatchPattern(const std::vector<std::string>& pattern,
                                         const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  PatternMatch match;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].starts_with(':')) {
      if (path[i].empty()) return std::nullopt;
      match.rank.push_back('b');
      match.parameters[pattern[i].substr(1)] = path[i];
    } else if (pattern[i] == path[i]) {
      match.rank.push_back('a');
    } else {
      return std::nullopt;
    }
  }
  return match;
}

}  // namespace

void Router::Add(Route route) {
  segments_.push_back(SegmentsOf(route.pattern));
  routes_.push_back(std::move(route));
}

RouteMatch Router::Find(std::string_view method, std::string_view path) const {
  std::vector<std::string> segments = SegmentsOf(path);
  if (!segments.empty() && segments.front() == "v1") segments.erase(segments.begin());
  RouteMatch found;
  std::string best_rank;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    std::optional<PatternMatch> match = MatchPattern(segments_[i], segments);
    if (!match || (!best_rank.empty() && match->rank > best_rank)) continue;
    if (match->rank != best_rank) {
      best_rank = match->rank;
      found = RouteMatch();
    }
    found.allowed_methods.push_back(routes_[i].method);
    if (routes_[i].method != method) continue;
    found.route = &routes_[i];
    found.parameters = std::move(match->parameters);
  }
  if (found.route != nullptr) found.allowed_methods.clear();
  return found;
}

}  // namespace weir::rest
