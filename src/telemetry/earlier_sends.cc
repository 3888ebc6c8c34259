// SPDX-License-Identifier: Apache-2.0
#include "telemetry/earlier_sends.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>

#include "base/disk.h"
#include "base/parse.h"
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

// Times of this boot are on one monotonic axis; otherwise only calendar time tells how long ago it was.
Instant instant_of(const Moment& then, std::uint32_t boot, const Moment& now) {
  bool same_boot = boot != 0 && boot == boot_mark();
  return std::min(same_boot ? then.at : now.at - (now.wall - then.wall), now.at);
}

std::int64_t nanoseconds(auto time) {
  return Duration(time.time_since_epoch()).count();
}

// A moment, as the files have it: on both clocks, and in which boot.
std::string text_of(const Moment& then) {
  return std::to_string(nanoseconds(then.wall)) + " " + std::to_string(nanoseconds(then.at)) + " " +
         std::to_string(boot_mark());
}

// Of a line that begins with a moment.
Instant instant_of(const std::vector<std::int64_t>& numbers, const Moment& now) {
  Moment then{Instant(Duration(numbers[1])), WallTime(Duration(numbers[0]))};
  return instant_of(then, static_cast<std::uint32_t>(numbers[2]), now);
}

Error unreadable(const std::filesystem::path& path, std::string_view line, const char* expected) {
  return {ErrorCode::kInput, path.string(), "\"" + std::string(line) + "\"", expected,
          "Remove the file when the longest of the limits' periods has gone by."};
}

// The numbers of a line; nothing when they are not so many.
std::optional<std::vector<std::int64_t>> numbers_of(std::string_view line, std::size_t count) {
  std::vector<std::int64_t> numbers;
  for (std::string_view word : split(line, ' ')) {
    auto number = parse_int(word);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  if (numbers.size() != count) return std::nullopt;
  return numbers;
}

}  // namespace

Result<void> write_lost_run(const std::filesystem::path& path, const LostRun& lost) {
  std::string text = text_of(lost.ended) + "\n";
  for (const LostRun::Calls& calls : lost.noted)
    text += std::to_string(nanoseconds(calls.sent_by)) + " " + std::to_string(calls.count) + "\n";
  return write_file(path, text);
}

Result<std::optional<LostRun>> read_lost_run(const std::filesystem::path& path, const Moment& now) {
  std::optional<LostRun> lost;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return lost;
  TRY(std::string text, read_file(path));
  for (std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    auto numbers = numbers_of(line, lost ? 2 : 3);
    if (!numbers) {
      return failure(
          unreadable(path, line, lost ? "a time and a number of calls" : "a time on both clocks and a boot"));
    }
    const std::vector<std::int64_t>& n = *numbers;
    if (lost) {
      lost->noted.push_back({WallTime(Duration(n[0])), n[1]});
    } else {
      lost = LostRun{{instant_of(n, now), WallTime(Duration(n[0]))}, {}};
    }
  }
  return lost;
}

void tell_lost_sends(const LostRun& lost, std::span<const RateLimit> limits, const Moment& now,
                     std::int64_t weight, const std::function<void(Instant at, std::int64_t weight)>& each) {
  WallTime from = counted_from(limits, now.wall);
  for (const LostRun::Calls& calls : lost.noted) {
    bool known = calls.sent_by != WallTime{};
    WallTime by = known ? std::min(calls.sent_by, lost.ended.wall) : lost.ended.wall;
    if (by < from) continue;
    Instant at = std::min(now.at - (now.wall - by), now.at);
    for (std::int64_t i = 0; i < calls.count; ++i) each(at, weight);
  }
}

Result<void> add_unlogged_sends(const std::filesystem::path& path, const UnloggedSends& sends) {
  std::string text;
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    TRY(text, read_file(path));
  }
  text += text_of(sends.by) + " " + std::to_string(sends.count) + " " + std::to_string(sends.weight) + "\n";
  return write_file(path, text);
}

Result<void> tell_unlogged_sends(const std::filesystem::path& path, std::span<const RateLimit> limits,
                                 const Moment& now,
                                 const std::function<void(Instant at, std::int64_t weight)>& each) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  TRY(std::string text, read_file(path));
  WallTime from = counted_from(limits, now.wall);
  for (std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    auto numbers = numbers_of(line, 5);
    if (!numbers)
      return failure(
          unreadable(path, line, "a time on both clocks, a boot, a number of calls and their weight"));
    Instant at = instant_of(*numbers, now);
    if (now.wall - (now.at - at) < from) continue;
    for (std::int64_t i = 0; i < (*numbers)[3]; ++i) each(at, (*numbers)[4]);
  }
  return {};
}

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
    Moment sent{Instant(Duration(session.monotonic_ns) + into_session), WallTime(Duration(call.sent_ns))};
    Instant at = instant_of(sent, session.boot, now);
    if (now.wall - (now.at - at) >= from) each(at, call.weight);
  }
  // Of those that a full disk kept out of the log only the number is known: the latest they can be is now.
  for (std::int64_t i = 0; i < reader.lost(); ++i) each(now.at, call.weight);
  return {};
}

}  // namespace rowcall::telemetry
