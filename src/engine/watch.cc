// SPDX-License-Identifier: Apache-2.0
// Watching a run: stop requests, holds that last too long, ticks for those who listen; and its report.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/parse.h"
#include "base/try.h"
#include "engine/run_state.h"

namespace rowcall::engine {

using namespace std::chrono_literals;

namespace {

constexpr Duration kWatchEvery = 50ms;
constexpr int kTicksApart = 2;           // in watches: 100 ms
constexpr double kUnsyncedS = 1.2;       // the time of calls that a killed run may have made durable nowhere
constexpr Duration kFirstContact = 60s;  // an API that was never reached is not waited for longer

}  // namespace

Async<void> Run::keep_watch() {
  for (int turn = 0; !all_ended_; ++turn) {
    Instant now = clock_->now();
    check_stop_flag();
    policies_.limiter.set_wall(clock_->wall(), now);
    check_hold(now);
    sync_when_due(now);
    ask_health_when_due(now);
    tell_move();
    if (turn % kTicksApart == 0) tick(now);
    co_await sleep_until(*clock_, now + kWatchEvery);
  }
}

void Run::check_stop_flag() {
  if (host_.stop == nullptr || !host_.stop->graceful()) return;
  Error why{ErrorCode::kStopped, "the run", "stopped on request", "", "Run again to go on."};
  if (host_.stop->at_once() && !at_once_) {
    stop(RunEnd::kStopped, std::move(why), /*at_once=*/true);
  } else if (!gate_.stopping()) {
    stop(RunEnd::kStopped, std::move(why), /*at_once=*/false);
  }
}

void Run::tell_move() {
  const policy::PaceMove& move = policies_.adaptive.last_move();
  if (move.number == moves_told_) return;
  moves_told_ = move.number;
  tell(PaceChanged{move.per_s, move.in_flight_max, move.why});
}

double Run::pace_below_limits(Instant now) const {
  double pace = policies_.adaptive.pace_per_s(now);
  return pace < policies_.limiter.pace_per_s() ? pace : 0;
}

void Run::note_sent(Instant at, std::int64_t weight) {
  if (first_sent_ == Instant{}) first_sent_ = at;
  last_sent_ = at;
  for (LimitAudit& audit : audits_) {
    std::int64_t permits = audit.unweighted ? 1 : weight;
    if (auto* window = std::get_if<policy::WindowAudit>(&audit.of)) {
      window->add(at, permits);
    } else {
      std::get<policy::CalendarAudit>(audit.of).add(clock_->wall() - (clock_->now() - at), permits);
    }
  }
}

// So that a run that goes on keeps the limits together with the one it goes on from.
Result<void> Run::remember_earlier_sends() {
  remember_unknown_sends();
  std::int64_t heaviest = job_.limits.weight;
  auto each = [&](Instant at, std::int64_t weight) {
    heaviest = std::max(heaviest, weight);
    policies_.limiter.remember(at, weight);
  };
  if (host_.earlier_sends) {
    TRY_VOID(host_.earlier_sends(each));
    TRY_VOID(remember_unlogged_sends(heaviest));
  }
  unlogged_before_ = 0;
  return {};
}

// A run that was killed has sent some that nobody wrote down: those that were under way when it last made its
// progress durable, and those from then on, a tenth of a second or, with a slow disk, a second of them. They
// are kept, since this run may end in good order, and the next one begin, while the limits still count them.
Result<void> Run::remember_unlogged_sends(std::int64_t weight) {
  double pace = policies_.limiter.pace_per_s();
  if (unlogged_before_ == 0 || std::isinf(pace)) return {};
  auto unlogged = unlogged_before_ + static_cast<std::int64_t>(std::ceil(kUnsyncedS * pace));
  for (std::int64_t i = 0; i < unlogged; ++i) policies_.limiter.remember(started_at_, weight);
  // Without a journal the mark stays as it is, for the next run.
  if (!host_.keep_unlogged_sends || !journal_.on()) return {};
  return host_.keep_unlogged_sends(unlogged, weight);
}

void Run::remember_unknown_sends() {
  if (!host_.unknown_sends_until || !host_.cluster.coordinator.empty()) return;
  policies_.limiter.use_up(*host_.unknown_sends_until);
  Duration wait = policies_.limiter.next(started_at_) - started_at_;
  if (wait <= Duration(0)) return;
  tell(Warning{"the run directory was lost: calls begin in " + duration_words(wait) +
               ", since what was sent from it just before is not known and may have used up the limit"});
}

void Run::check_hold(Instant now) {
  Hold hold = gate_.hold(now);
  if (hold.held != was_held_) {
    was_held_ = hold.held;
    tell(HoldChanged{hold.held, hold.why, hold.until});
  }
  if (!hold.held || hold.by_quota || gate_.stopping()) return;
  bool reached = counts_.bytes_in > 0;
  Duration most = reached ? job_.breaker.max_hold : std::min(job_.breaker.max_hold, kFirstContact);
  if (now - hold.since < most) return;
  stop(RunEnd::kStopped,
       {reached ? ErrorCode::kApi : ErrorCode::kNetwork, "the API",
        "no success for " + duration_words(now - hold.since) + " (" + hold.why + ")", "",
        reached ? "When it is well again, run again to go on."
                : "It was never reached: check request.url and whether it is up."},
       /*at_once=*/false);
}

// With a coordinator the permits come from there.
Result<void> Run::join_cluster() {
  if (host_.cluster.coordinator.empty()) return {};
  if (job_.limits.rate.empty()) {
    return failure({ErrorCode::kSetting, "limits.rate", "\"unlimited\", and a coordinator",
                    "a limit to share", "Set limits.rate, the same for all."});
  }
  bool plain = job_.limits.weight == 1 && job_.limits.weight_column.empty() &&
               std::ranges::none_of(job_.limits.rate,
                                    [](const RateLimit& limit) { return limit.renewal.has_value(); });
  if (!plain) {
    return failure({ErrorCode::kSetting, "limits",
                    "weights or a quota that is renewed by the calendar, and a coordinator",
                    "limits in calls for any window of a period",
                    "Give each run its own share of such a limit."});
  }
  auto url = settings::read_coordinator_url(host_.cluster.coordinator);
  if (!url) {
    return failure({ErrorCode::kSetting, "limits.coordinator", url.error().found, url.error().expected,
                    url.error().mend});
  }
  std::vector<policy::LeaseTerms> terms;
  for (const RateLimit& limit : job_.limits.rate) {
    terms.push_back(policy::terms_of(limit, job_.limits, job_.request.timeout));
  }
  lease::ClientEvents events;
  events.health = [this] {
    Duration asked = policies_.throttle.held_until() - clock_->now();
    bool broken = policies_.breaker.state() != policy::Breaker::State::kClosed;
    return lease::Health{broken, std::max(asked, Duration(0))};
  };
  events.changed = [this] { gate_.look(); };
  events.hold = [this](Instant until) { policies_.cluster_held_until = until; };
  events.refused = [this](Error why) { stop(RunEnd::kStopped, std::move(why), /*at_once=*/false); };
  lease_ = std::make_unique<lease::LeaseClient>(executor_, clock_, std::move(terms), *url,
                                                host_.cluster.secret, &policies_.limiter, std::move(events));
  spawn(lease_->keep());
  return {};
}

void Run::stop(RunEnd end, Error why, bool at_once) {
  // The first reason is the reason.
  if (end_ == RunEnd::kComplete) {
    end_ = end;
    why_ = std::move(why);
  }
  intake_.stop();
  gate_.stop();
  if (at_once && !std::exchange(at_once_, true)) transport_->close();
  changed_.raise();
}

void Run::tick(Instant now) {
  if (!host_.listener) return;
  LineCounts lines = transport_->lines();
  Hold hold = gate_.hold(now);
  tell(Tick{now, started_at_, counts_, prepared_.source.rows, lines.busy, gate_.waiting(), gate_.resting(),
            lines.open(), window_.rows_held(), window_.bytes_held(), hold.held, hold.until, hold.why,
            gate_.stopping(), pace_below_limits(now), policies_.adaptive.in_flight_max(), hold.since,
            intake_.ahead(), shape_});
}

// Where the sums do not add up, or "".
std::string Run::sums_that_differ() const {
  const Counts& written = outlet_.written();
  if (counts_.ended() != counts_.rows) {
    return std::to_string(counts_.rows) + " rows were read, " + std::to_string(counts_.ended()) +
           " have an ending";
  }
  if (end_ != RunEnd::kComplete) return "";
  for (int e = 0; e < kEndings; ++e) {
    auto ending = static_cast<Ending>(e);
    if (counts_[ending] == written[ending]) continue;
    return std::to_string(counts_[ending]) + " rows ended as " + name_of(ending) + ", " +
           std::to_string(written[ending]) + " were written";
  }
  return "";
}

void Run::make_report() {
  if (end_ != RunEnd::kComplete) {
    // A table that is gone on with has no holes: what came after the first skipped row is not in it.
    const Counts& written = outlet_.written();
    std::int64_t answered =
        counts_[Ending::kOk] + counts_[Ending::kNoMatch] - written[Ending::kOk] - written[Ending::kNoMatch];
    if (answered > 0) {
      tell(
          Warning{std::to_string(answered) + " answered rows come after one that was not answered; " +
                  (journal_.on() ? "their answers are kept for the next run" : "they will be called again")});
    }
    counts_.endings = written.endings;
    counts_[Ending::kSkipped] = counts_.rows - written.ended();
  }
  if (std::string differ = sums_that_differ(); !differ.empty()) {
    end_ = RunEnd::kFailed;
    why_ = {ErrorCode::kAccounting, "the counts of this run", differ, "equal sums",
            "This is a bug of rowcall; please report it."};
  }
  Instant now = clock_->now();
  if (job_.limits.find_rate) tell(Warning{"limits.rate = \"auto\": " + policies_.adaptive.found()});
  report_.end = end_;
  report_.error = why_;
  report_.counts = counts_;
  report_.duration = now - started_at_;
  report_.sending = last_sent_ - first_sent_;
  for (std::size_t i = 0; i < audits_.size(); ++i) {
    auto worst = std::visit([](const auto& audit) { return audit.worst(); }, audits_[i].of);
    report_.worst.push_back({worst, job_.limits.rate[i].calls, job_.limits.rate[i].period});
  }
  report_.parts = outlet_.all_published();
  report_.failures = outlet_.failures();
  report_.left_out = outlet_.left_out();
  tick(now);
  tell(RunEnded{report_});
}

}  // namespace rowcall::engine
