// SPDX-License-Identifier: Apache-2.0
// How the API is, as far as the run can tell: last success, share of errors, certificate, addresses, and what
// its health URL says.
//
// One thread: that of the events. `Api` is plain data.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "rowcall/event.h"

#include "telemetry/plain_text.h"
#include "telemetry/second_record.h"

namespace rowcall::telemetry {

/// What is known of the API.
struct Api {
  WallTime last_success{};           ///< Not set: none yet.
  double error_share = 0;            ///< Of the attempts of the last minute: all but success and no match.
  std::int64_t minute_attempts = 0;  ///< What that is a share of.
  std::string address;               ///< Of the connection opened last.
  std::int64_t connections = 0;      ///< Opened so far.
  std::int64_t moves = 0;            ///< Times the name resolved to other addresses.
  std::optional<WallTime> certificate_end;
  std::int64_t checks = 0;  ///< Of the health URL.
  std::int64_t checks_ill = 0;
  bool well = true;  ///< What the last check said.
  WallTime checked_at{};
  std::string check_text;  ///< "200 in 12 ms", or why it was not well.
};

class ApiHealth {
 public:
  // Each returns what the user should be told of now, or "": other addresses, a certificate that ends soon, a
  // health URL that says something else than before.
  std::string on(const ConnectionOpened& event, WallTime now);
  std::string on(const HealthChecked& event, WallTime now);
  void on(const SecondRecord& record);

  const Api& api() const { return api_; }

 private:
  Api api_;
  bool certificate_told_ = false;
  std::deque<std::pair<std::int64_t, std::int64_t>> minute_;  ///< Attempts and errors, a second each.
  std::int64_t minute_errors_ = 0;
};

/// Days from `now` until then; negative: it is past.
double days_until(WallTime then, WallTime now);

}  // namespace rowcall::telemetry
