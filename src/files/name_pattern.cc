// SPDX-License-Identifier: Apache-2.0
#include "files/name_pattern.h"

#include <fnmatch.h>

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

namespace rowcall::files {
namespace {

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    std::size_t slash = std::min(path.find('/'), path.size());
    std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

bool part_matches(const std::string& pattern, const std::string& name) {
  if (is_hidden(name) && (name[0] == '.' || name[0] == '_') && pattern[0] != name[0]) return false;
  return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

bool parts_match(std::span<const std::string> pattern, std::span<const std::string> path) {
  if (pattern.empty()) return path.empty();
  if (pattern[0] == "**") {
    for (std::size_t skip = 0; skip <= path.size(); ++skip) {
      if (skip > 0 && is_hidden(path[skip - 1])) return false;
      if (parts_match(pattern.subspan(1), path.subspan(skip))) return true;
    }
    return false;
  }
  return !path.empty() && part_matches(pattern[0], path[0]) &&
         parts_match(pattern.subspan(1), path.subspan(1));
}

// Where the first part that is a pattern begins.
std::size_t first_pattern_part(std::string_view pattern) {
  std::size_t special = std::min(pattern.find_first_of("*?["), pattern.size());
  std::size_t slash = pattern.substr(0, special).rfind('/');
  return slash == std::string_view::npos ? 0 : slash + 1;
}

}  // namespace

bool is_pattern(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

std::string folder_of_pattern(std::string_view pattern) {
  std::size_t begin = first_pattern_part(pattern);
  if (begin > 1) --begin;  // without the slash, unless it is the root
  return std::string(pattern.substr(0, begin));
}

int depth_of_pattern(std::string_view pattern) {
  std::vector<std::string> parts = parts_of(pattern.substr(first_pattern_part(pattern)));
  if (std::ranges::find(parts, "**") != parts.end()) return std::numeric_limits<int>::max();
  return static_cast<int>(parts.size()) - 1;
}

bool matches_pattern(std::string_view pattern, std::string_view path) {
  if (pattern.starts_with('/') != path.starts_with('/')) return false;
  std::vector<std::string> wanted = parts_of(pattern);
  std::vector<std::string> found = parts_of(path);
  return parts_match(wanted, found);
}

bool is_hidden(std::string_view name) {
  return name.starts_with('.') || name.starts_with('_') || name.ends_with(".part");
}

}  // namespace rowcall::files
