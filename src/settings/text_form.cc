// SPDX-License-Identifier: Apache-2.0
#include "settings/text_form.h"

#include <algorithm>

#include "base/parse.h"
#include "settings/column_text.h"
#include "settings/coordinator_url.h"
#include "settings/read.h"
#include "settings/secrets.h"
#include "settings/url_check.h"

namespace rowcall::settings {
namespace {

constexpr const char* kStatusExpects =
    "a status list such as \"2XX\", \"404,410\", \"500-503\" or \"5XX,!501\"";
constexpr const char* kJobNameExpects =
    "a name of letters, digits, \".\", \"_\" and \"-\" (at most 100, a letter or digit first)";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

bool is_edge(char c) {
  return c == '.' || c == '_' || c == '-';
}

bool is_status(std::string_view text) {
  return text.size() == 3 && parse_int(text).value_or(0) >= 100 && text[0] <= '5';
}

// The same forms that src/policy/status_list.h reads. Checked here too, so that the error names the line.
bool is_status_entry(std::string_view entry) {
  if (entry.starts_with('!')) entry = trimmed(entry.substr(1));
  if (entry.size() == 3 && entry[0] >= '1' && entry[0] <= '5' && lower(entry.substr(1)) == "xx") return true;
  auto dash = entry.find('-');
  if (dash == std::string_view::npos) return is_status(entry);
  std::string_view first = trimmed(entry.substr(0, dash));
  std::string_view last = trimmed(entry.substr(dash + 1));
  return is_status(first) && is_status(last) && first <= last;
}

Verdict check_status_list(std::string_view text) {
  for (std::string_view entry : split(text, ',')) {
    if (!is_status_entry(entry)) return not_what(Value(std::string(entry)), kStatusExpects);
  }
  return std::nullopt;
}

Verdict check_job_name(std::string_view text) {
  bool right = !text.empty() && text.size() <= 100 && !is_edge(text.front()) &&
               std::ranges::all_of(text, is_name_character);
  if (right) return std::nullopt;
  std::string near = job_name_from(text);
  return not_what(Value(std::string(text)), kJobNameExpects,
                  near.empty() ? "" : "\"" + near + "\" would do.");
}

Verdict check_header_name_or_none(std::string_view text) {
  return text.empty() ? std::nullopt : check_header_name(text);
}

Verdict check_url_or_none(std::string_view text) {
  return text.empty() ? std::nullopt : check_url(text);
}
Verdict check_endpoint_or_none(std::string_view text) {
  return text.empty() ? std::nullopt : check_endpoint(text);
}
Verdict check_coordinator_or_none(std::string_view text) {
  return text.empty() ? std::nullopt : check_coordinator(text);
}
Verdict check_table_or_none(std::string_view text) {
  return text.empty() ? std::nullopt : check_table_path(text);
}

Verdict check_region(std::string_view text) {
  auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (std::ranges::all_of(text, fits)) return std::nullopt;
  return not_what(Value(std::string(text)), "a region such as \"eu-central-1\"");
}

}  // namespace

const TextForm kAnyText = {"text"};
const TextForm kLineText = {"text on one line", check_header_text};
const TextForm kPathText = {"a path", check_path};
const TextForm kTableText = {"a path, or \"s3://BUCKET/KEY\"", check_table_or_none};
const TextForm kUrlText = {"a URL such as \"https://api.example.com/v1/score\"", check_url_or_none};
const TextForm kEndpointText = {"a URL such as \"http://127.0.0.1:9000\"", check_endpoint_or_none};
const TextForm kCoordinatorText = {kCoordinatorForm, check_coordinator_or_none};
const TextForm kPointerText = {"a JSON Pointer: empty, or beginning with \"/\"", check_pointer};
const TextForm kStatusText = {kStatusExpects, check_status_list};
const TextForm kJobNameText = {kJobNameExpects, check_job_name};
const TextForm kHeaderNameText = {"a header's or query parameter's name", check_header_name_or_none};
const TextForm kRegionText = {"a region such as \"eu-central-1\"", check_region};

std::string job_name_from(std::string_view text) {
  std::string name;
  for (char c : text.substr(0, 100)) {
    char fit = is_name_character(c) ? c : '-';
    bool repeats = fit == '-' && (name.empty() || name.back() == '-');
    if (!repeats) name += fit;
  }
  while (!name.empty() && is_edge(name.back())) name.pop_back();
  while (!name.empty() && is_edge(name.front())) name.erase(0, 1);
  return name;
}

}  // namespace rowcall::settings
