// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/forecast_runs.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <utility>

#include "policy/dice.h"

namespace rowcall::sim {
namespace {

double between(policy::Dice& dice, double least, double most) {
  return least + (most - least) * dice.share();
}
// Evenly over orders of magnitude.
double spread(policy::Dice& dice, double least, double most) {
  return least * std::exp(dice.share() * std::log(most / least));
}

// Two of five changes bring the first state back; the others are slower, stricter or failing servers.
Regime change(policy::Dice& dice, const ServerOptions& at_first, double rate, double at_s) {
  Regime regime{from_seconds(at_s), at_first.latency, at_first.limit, at_first.fail_503};
  double kind = dice.share();
  if (kind < 0.30)
    regime.latency = from_seconds(seconds(at_first.latency) * spread(dice, 0.5, 4));
  else if (kind < 0.45)
    regime.limit = static_cast<std::int64_t>(std::max(2.0, rate * between(dice, 0.4, 0.95)));
  else if (kind < 0.60)
    regime.fail_503 = between(dice, 0.02, 0.25);
  return regime;
}

// Follows a run and notes what a forecast would have said.
class Watcher {
 public:
  Watcher(const Job& job, std::int64_t rows)
      : forecast_(job.limits.rate, job.request.rows_per_call), rows_(rows) {}

  void on(const Tick& tick) {
    std::int64_t ended = tick.counts.ended();
    forecast_.observe(tick.at, ended, tick.held ? tick.held_until - tick.at : Duration{});
    recent_.emplace_back(tick.at, ended);
    while (tick.at - recent_.front().first > std::chrono::seconds(30)) recent_.pop_front();
    while (next_ < kCheckpoints.size() &&
           static_cast<double>(ended) >= kCheckpoints[next_] * static_cast<double>(rows_)) {
      note(tick, next_++);
    }
  }

  std::vector<Checkpoint> finished(Instant end) && {
    for (std::size_t i = 0; i < out_.size(); ++i) out_[i].actual_s = seconds(end - at_[i]);
    return std::move(out_);
  }

 private:
  void note(const Tick& tick, std::size_t which) {
    std::int64_t ended = tick.counts.ended();
    std::int64_t left = rows_ - ended;
    auto basis = forecast_.basis(left);
    if (!basis) return;
    Checkpoint point{};
    point.which = which;
    point.basis = *basis;
    point.forecast = *forecast_.estimate(left);
    point.mean_s =
        static_cast<double>(left) * seconds(tick.at - tick.started_at) / static_cast<double>(ended);
    std::int64_t rows = ended - recent_.front().second;
    point.recent_s = rows > 0 ? static_cast<double>(left) * seconds(tick.at - recent_.front().first) /
                                    static_cast<double>(rows)
                              : 0;
    out_.push_back(point);
    at_.push_back(tick.at);
  }

  policy::Forecast forecast_;
  std::int64_t rows_;
  std::size_t next_ = 0;
  std::deque<std::pair<Instant, std::int64_t>> recent_;
  std::vector<Checkpoint> out_;
  std::vector<Instant> at_;
};

}  // namespace

Scenario changing_run(std::uint64_t seed) {
  policy::Dice dice(seed * 0x2545f4914f6cdd1d + 99);
  Scenario out;
  out.seed = seed;
  double rate = std::floor(spread(dice, 10, 60));
  double nominal_s = spread(dice, 30, 400);
  out.job.limits.rate = {{static_cast<std::int64_t>(rate), std::chrono::seconds(1)}};
  out.source.rows = std::min<std::int64_t>(4000, static_cast<std::int64_t>(rate * nominal_s));
  nominal_s = static_cast<double>(out.source.rows) / rate;
  ServerOptions& server = out.server;
  server.latency = from_seconds(spread(dice, 0.02, 0.4));
  server.jitter = from_seconds(seconds(server.latency) * between(dice, 0.1, 1));
  // From a third of what the limit would take to three times that.
  double lines = rate * (seconds(server.latency) + seconds(server.jitter) / 2) * spread(dice, 0.5, 4);
  server.lines_max = std::max(1, static_cast<int>(std::lround(lines)));
  server.fail_503 = dice.share() < 0.5 ? 0 : between(dice, 0, 0.03);
  server.fail_400 = dice.share() < 0.7 ? 0 : between(dice, 0, 0.02);

  std::vector<double> times(static_cast<std::size_t>(dice.share() * 4.999));
  for (double& at : times) at = between(dice, 0, 1.6 * nominal_s);
  std::ranges::sort(times);
  for (double at : times) server.regimes.push_back(change(dice, server, rate, at));
  double many = dice.share();
  for (int n = many < 0.55 ? 0 : many < 0.85 ? 1 : 2; n > 0; --n) {
    double from = between(dice, 0, 1.3 * nominal_s);
    server.outages.emplace_back(from_seconds(from), from_seconds(from + spread(dice, 2, 60)));
  }
  return out;
}

std::vector<Checkpoint> checkpoints_of(std::uint64_t seed) {
  Scenario scenario = changing_run(seed);
  Watcher watcher(scenario.job, scenario.source.rows);
  std::optional<Instant> end;
  scenario.listener = [&](const Event& event) {
    const auto* tick = std::get_if<Tick>(&event);
    if (tick == nullptr) return;
    watcher.on(*tick);
    end = tick->at;  // the last tick comes with the report
  };
  Outcome outcome = play(scenario);
  if (outcome.hung || outcome.report.end != RunEnd::kComplete || !end) return {};
  return std::move(watcher).finished(*end);
}

}  // namespace rowcall::sim
