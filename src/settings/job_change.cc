// SPDX-License-Identifier: Apache-2.0
#include "settings/job_change.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/try.h"
#include "settings/job_text.h"
#include "settings/setting.h"
#include "settings/toml_file.h"

namespace rowcall::settings {
namespace {

using namespace std::string_view_literals;

// Whole sections, or single settings.
constexpr std::array kPace = {"name"sv,
                              "limits"sv,
                              "retry"sv,
                              "breaker"sv,
                              "log"sv,
                              "run"sv,
                              "s3"sv,
                              "auth"sv,
                              "source.chunk_size"sv,
                              "request.timeout"sv,
                              "request.connect_timeout"sv,
                              "request.health_url"sv,
                              "request.health_every"sv,
                              "request.tls_verify"sv,
                              "request.ca_file"sv,
                              "request.client_cert"sv,
                              "request.client_key"sv,
                              "request.user_agent"sv,
                              "sink.part_rows"sv,
                              "sink.row_group_rows"sv,
                              "sink.overwrite"sv};
constexpr std::array kContent = {"request"sv, "classify"sv, "source.path"sv, "source.rows_max"sv};

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& names, const Setting& setting) {
  return std::ranges::find(names, setting.key) != names.end() ||
         std::ranges::find(names, setting.section()) != names.end();
}

Weight weight_of(const Setting& setting) {
  if (is_among(kPace, setting)) return Weight::kPace;
  return is_among(kContent, setting) ? Weight::kContent : Weight::kShape;
}

}  // namespace

std::vector<Change> changes(const Job& before, const Job& now) {
  std::vector<Change> found;
  for (const Setting& setting : all()) {
    if (setting.key == "run.dir") continue;  // where a run is kept is none of its job
    Value was = setting.get(before);
    Value is = setting.get(now);
    if (was == is) continue;
    found.push_back({setting.key, toml_text(was), toml_text(is), weight_of(setting)});
  }
  return found;
}

Result<Job> job_of_toml(const std::string& text, const std::string& file) {
  Job job;
  Places places;
  TRY_VOID(apply_job_text(text, file, job, places));
  return job;
}

}  // namespace rowcall::settings
