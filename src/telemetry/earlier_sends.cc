// SPDX-License-Identifier: Apache-2.0
#include "telemetry/earlier_sends.h"

#include <algorithm>
#include <system_error>

#include "base/try.h"
#include "policy/calendar_limit.h"
#include "telemetry/call_log.h"
#include "telemetry/call_log_reader.h"

namespace rowcall::telemetry {
namespace {

using namespace std::chrono_literals;

// No guard and no drift is longer than this, for any period.
Duration slack(Duration period) {
  return 1min + period / 1000;
}

// What was sent before this, no limit counts any more.
WallTime counted_from(std::span<const RateLimit> limits, WallTime now) {
  WallTime from = now;
  for (const RateLimit& limit : limits) {
    WallTime begin = limit.renewal ? policy::renewed_at(*limit.renewal, now) : now - limit.period;
    from = std::min(from, begin - slack(limit.period));
  }
  return from;
}

}  // namespace

Result<void> tell_earlier_sends(const std::filesystem::path& path, std::span<const RateLimit> limits,
                                const Moment& now,
                                const std::function<void(Instant at, std::int64_t weight)>& each) {
  std::error_code ignored;
  if (limits.empty() || !std::filesystem::exists(path, ignored)) return {};
  TRY(CallLogReader reader, CallLogReader::open(path));
  WallTime from = counted_from(limits, now.wall);
  LoggedCall call;
  for (;;) {
    TRY(bool more, reader.next(call));
    if (!more) break;
    const LoggedSession& session = reader.sessions()[static_cast<std::size_t>(call.session)];
    Duration into_session(call.sent_ns - session.began_ns);
    bool same_boot = session.boot != 0 && session.boot == boot_mark();
    // After a restart of the machine only calendar time tells how long ago it was.
    Instant at = same_boot ? Instant(Duration(session.monotonic_ns) + into_session)
                           : now.at - (now.wall - WallTime(Duration(call.sent_ns)));
    at = std::min(at, now.at);
    if (now.wall - (now.at - at) >= from) each(at, call.weight);
  }
  // Of those that a full disk kept out of the log only the number is known: the latest they can be is now.
  for (std::int64_t i = 0; i < reader.lost(); ++i) each(now.at, call.weight);
  return {};
}

}  // namespace rowcall::telemetry
