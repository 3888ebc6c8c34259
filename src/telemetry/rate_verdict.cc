// SPDX-License-Identifier: Apache-2.0
#include "telemetry/rate_verdict.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <optional>

#include "base/parse.h"
#include "base/try.h"
#include "policy/calendar_limit.h"
#include "telemetry/figures.h"
#include "telemetry/sorted_sends.h"

namespace rowcall::telemetry {
namespace {

struct Span {
  std::int64_t sends = 0;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = std::numeric_limits<std::int64_t>::min();

  void add(std::int64_t at) {
    ++sends;
    first = std::min(first, at);
    last = std::max(last, at);
  }
  Duration length() const { return Duration(sends > 0 ? last - first : 0); }
};

// The sessions put end to end: the last send of one and the first of the next count as one.
Span without_pauses(std::span<const Span> spans) {
  Span out{0, 0, 0};
  for (const Span& span : spans) {
    if (span.sends == 0) continue;
    out.sends += out.sends == 0 ? span.sends : span.sends - 1;
    out.last += span.length().count();
  }
  return out;
}

std::int64_t all_sends(std::span<const Span> spans) {
  std::int64_t sends = 0;
  for (const Span& span : spans) sends += span.sends;
  return sends;
}

// What the first pass learns of the log.
struct Overview {
  std::vector<Span> spans;  ///< One for each session.
  std::vector<LoggedSession> sessions;
  std::int64_t lateness = 0;
  std::int64_t lost = 0;
};

Result<Overview> look_over(CallLogReader& reader) {
  Overview seen;
  std::int64_t newest = std::numeric_limits<std::int64_t>::min();
  LoggedCall call;
  for (;;) {
    TRY(bool more, reader.next(call));
    if (!more) break;
    newest = std::max(newest, call.sent_ns);
    seen.lateness = std::max(seen.lateness, newest - call.sent_ns);
    seen.spans.resize(reader.sessions().size());
    seen.spans.back().add(call.sent_ns);
  }
  seen.sessions = reader.sessions();
  seen.spans.resize(seen.sessions.size());
  seen.lost = reader.lost();
  reader.rewind();
  return seen;
}

// Follows the sends of some sessions, one period behind.
class WindowCount {
 public:
  WindowCount(RateLimit limit, std::vector<bool> sessions, SortedSends tail)
      : sessions_(std::move(sessions)), tail_(std::move(tail)) {
    verdict_.limit = limit;
    if (limit.renewal) calendar_.emplace(*limit.renewal);
  }

  Result<void> add(std::int64_t sent_ns, int session, std::int64_t weight) {
    if (!sessions_[static_cast<std::size_t>(session)]) return {};
    weight = of(weight);
    counted_ += weight;
    if (calendar_) {
      calendar_->add(WallTime(Duration(sent_ns)), weight);
      return {};
    }
    in_window_ += weight;
    if (++sends_ == 1) {
      TRY(bool any, tail_.next(sessions_));
      static_cast<void>(any);  // the tail sees the same sends, so there is one
    }
    while (tail_.sent_ns() + verdict_.limit.period.count() <= sent_ns) {
      --sends_;
      in_window_ -= of(tail_.weight());
      TRY(bool any, tail_.next(sessions_));
      static_cast<void>(any);
    }
    if (in_window_ > verdict_.worst) {
      verdict_.worst = in_window_;
      verdict_.worst_end = WallTime(Duration(sent_ns));
    }
    return {};
  }

  WindowVerdict verdict(const Overview& seen) const {
    WindowVerdict out = verdict_;
    if (calendar_) {
      out.worst = calendar_->worst();
      out.worst_end = calendar_->worst_end();
    }
    std::vector<Span> spans;
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
      if (sessions_[i]) spans.push_back(seen.spans[i]);
    }
    Span together = without_pauses(spans);
    // In permits: what was sent counted as so much on average.
    double each =
        together.sends > 0 ? static_cast<double>(counted_) / static_cast<double>(all_sends(spans)) : 1;
    out.share = each * share_of_limit(together.sends, together.length(), out.limit);
    return out;
  }

 private:
  std::int64_t of(std::int64_t weight) const {
    return verdict_.limit.unweighted || verdict_.limit.calls == 0 ? 1 : weight;
  }

  WindowVerdict verdict_;
  std::vector<bool> sessions_;
  SortedSends tail_;
  std::optional<policy::CalendarAudit> calendar_;
  std::int64_t sends_ = 0;      // in the window
  std::int64_t in_window_ = 0;  // what they count as
  std::int64_t counted_ = 0;    // what all count as
};

// The sessions in which a limit held; with limits from outside, all of them.
std::vector<bool> sessions_under(const RateLimit& limit, const Overview& seen, bool all) {
  std::vector<bool> under;
  for (const LoggedSession& session : seen.sessions) {
    under.push_back(all || std::ranges::find(session.limits, limit) != session.limits.end());
  }
  return under;
}

std::vector<RateLimit> limits_of(const Overview& seen) {
  std::vector<RateLimit> limits;
  for (const LoggedSession& session : seen.sessions) {
    for (const RateLimit& limit : session.limits) {
      if (std::ranges::find(limits, limit) == limits.end()) limits.push_back(limit);
    }
  }
  return limits;
}

RateVerdict summed_up(const Overview& seen) {
  RateVerdict out;
  Span all;
  for (const Span& span : seen.spans) {
    all.sends += span.sends;
    all.first = std::min(all.first, span.first);
    all.last = std::max(all.last, span.last);
  }
  Span together = without_pauses(seen.spans);
  out.sends = all.sends;
  out.sessions = static_cast<int>(seen.sessions.size());
  out.lost = seen.lost;
  out.sending = together.length();
  out.rate_mean = mean_rate(together.sends, together.length());
  if (all.sends > 0) {
    out.first = WallTime(Duration(all.first));
    out.last = WallTime(Duration(all.last));
  }
  return out;
}

}  // namespace

Result<RateVerdict> verify_rate(const std::filesystem::path& path, std::span<const RateLimit> limits) {
  TRY(CallLogReader reader, CallLogReader::open(path));
  TRY(Overview seen, look_over(reader));
  RateVerdict out = summed_up(seen);
  out.torn = reader.torn();

  bool from_outside = !limits.empty();
  std::vector<RateLimit> watched = from_outside ? std::vector(limits.begin(), limits.end()) : limits_of(seen);
  std::size_t limits_watched = watched.size();
  watched.push_back({0, 1s});
  watched.push_back({0, 100ms});
  std::vector<WindowCount> windows;
  for (const RateLimit& limit : watched) {
    std::vector<bool> under = sessions_under(limit, seen, from_outside || limit.calls == 0);
    windows.emplace_back(limit, std::move(under), SortedSends(reader, seen.lateness));
  }
  std::vector<bool> all(seen.sessions.size(), true);
  SortedSends head(std::move(reader), seen.lateness);
  for (std::int64_t i = 0; i < out.sends; ++i) {
    TRY(bool any, head.next(all));
    if (!any) break;
    for (WindowCount& window : windows) TRY_VOID(window.add(head.sent_ns(), head.session(), head.weight()));
  }
  for (std::size_t i = 0; i < limits_watched; ++i) out.limits.push_back(windows[i].verdict(seen));
  out.one_second = windows[limits_watched].verdict(seen);
  out.tenth_of_second = windows[limits_watched + 1].verdict(seen);
  return out;
}

bool RateVerdict::over() const {
  return std::ranges::any_of(limits, &WindowVerdict::over);
}

}  // namespace rowcall::telemetry
