// SPDX-License-Identifier: Apache-2.0
#include "telemetry/api_health.h"

#include <cstdio>

#include "base/parse.h"
#include "telemetry/figures.h"

namespace rowcall::telemetry {
namespace {

constexpr std::size_t kMinute = 60;
constexpr double kDaysFew = 14;  // below that a certificate is worth a word
constexpr double kDayS = 86'400;

}  // namespace

double days_until(WallTime then, WallTime now) {
  return seconds(then - now) / kDayS;
}

std::string ApiHealth::on(const ConnectionOpened& event, WallTime now) {
  ++api_.connections;
  api_.address = event.address;
  std::string told;
  if (!event.moved.empty()) {
    ++api_.moves;
    told = "the API's name resolves to other addresses: " + std::string(event.moved);
  }
  if (event.certificate_days) {
    api_.certificate_end = now + from_seconds(*event.certificate_days * kDayS);
    if (*event.certificate_days < kDaysFew && !certificate_told_) {
      certificate_told_ = true;
      char text[80];
      std::snprintf(text, sizeof text, "the API's certificate ends in %.1f days", *event.certificate_days);
      told += (told.empty() ? "" : "; ") + std::string(text);
    }
  }
  return told;
}

std::string ApiHealth::on(const HealthChecked& event, WallTime now) {
  bool news = event.well != api_.well;
  ++api_.checks;
  api_.checks_ill += event.well ? 0 : 1;
  api_.well = event.well;
  api_.checked_at = now;
  api_.check_text = event.well ? std::to_string(event.status) + " in " + latency_words(event.took)
                               : std::string(event.message);
  if (!news) return "";
  return event.well ? "the health URL says that the API is well again" : "the health URL: " + api_.check_text;
}

void ApiHealth::on(const SecondRecord& record) {
  const Counts& here = record.here;
  std::int64_t good = here[OutcomeClass::kSuccess] + here[OutcomeClass::kNoMatch];
  if (good > 0) api_.last_success = record.at;
  minute_.emplace_back(here.attempts, here.attempts - good);
  api_.minute_attempts += minute_.back().first;
  minute_errors_ += minute_.back().second;
  if (minute_.size() > kMinute) {
    api_.minute_attempts -= minute_.front().first;
    minute_errors_ -= minute_.front().second;
    minute_.pop_front();
  }
  api_.error_share = api_.minute_attempts > 0
                         ? static_cast<double>(minute_errors_) / static_cast<double>(api_.minute_attempts)
                         : 0;
}

}  // namespace rowcall::telemetry
