// SPDX-License-Identifier: Apache-2.0
#include "telemetry/progress.h"

#include <algorithm>

#include "policy/limiter.h"
#include "telemetry/figures.h"
#include "telemetry/plain_text.h"

namespace rowcall::telemetry {
namespace {

constexpr Duration kFrame = 200ms;
constexpr Duration kLine = 5s;
constexpr Duration kUrgentLine = 1s;
constexpr Duration kRateOver = 2s;
constexpr int kWidthMax = 160;

}  // namespace

void Progress::on(const RunStarted& event) {
  state_.name = plain(redactor_->masked(event.job.name));
  state_.rows_per_call = event.job.request.rows_per_call;
  state_.rows_expected = event.source.rows;
  state_.rows_exact = event.source.rows_exact;
  std::vector<RateLimit> limits = policy::limits_in_calls(event.job.limits);
  state_.limit_per_s = calls_per_s_max(limits);
  state_.price_per_call = options_.price_per_call;
  forecast_.emplace(limits, state_.rows_per_call);
  shown_at_ = event.at;
}

void Progress::on(const Tick& event) {
  if (options_.display == Display::kNone) return;
  measure(event);
  take_over(event);
  if (!due(event.at)) return;
  shown_ = true;
  shown_at_ = event.at;
  urgent_ = false;
  if (options_.display == Display::kLines) return console_->line(render_line(state_));
  int width = std::min(terminal_size(console_->fd()).columns - 1, kWidthMax);
  console_->show(render(state_, {std::max(width, 1), options_.colour, options_.unicode}));
}

void Progress::on(const RunEnded&) {
  console_->clear();
}

bool Progress::due(Instant now) const {
  if (options_.display == Display::kLines) {
    // A breaker that opens and closes every half second must not fill the log of a build service.
    return now - shown_at_ >= (urgent_ ? kUrgentLine : kLine);
  }
  return !shown_ || urgent_ || now - shown_at_ >= kFrame;
}

void Progress::measure(const Tick& event) {
  Duration hold_left = event.held ? event.held_until - event.at : Duration{};
  if (forecast_) forecast_->observe(event.at, event.counts.ended(), hold_left);
  samples_[samples_taken_++ % samples_.size()] = {event.at, event.counts.attempts, event.counts.ended()};
  // The oldest sample that is still within the last two seconds.
  std::size_t known = std::min(samples_taken_, samples_.size());
  Sample from = samples_[(samples_taken_ - 1) % samples_.size()];
  for (std::size_t back = 2; back <= known; ++back) {
    const Sample& sample = samples_[(samples_taken_ - back) % samples_.size()];
    if (event.at - sample.at > kRateOver) break;
    from = sample;
  }
  double dt = seconds(event.at - from.at);
  state_.calls_per_s = dt > 0 ? static_cast<double>(event.counts.attempts - from.attempts) / dt : 0;
  state_.rows_per_s = dt > 0 ? static_cast<double>(event.counts.ended() - from.ended) / dt : 0;
}

void Progress::take_over(const Tick& event) {
  urgent_ = urgent_ || event.held != state_.held || event.stopping != state_.stopping;
  state_.counts = event.counts;
  if (event.rows_expected >= 0) state_.rows_expected = event.rows_expected;
  state_.in_flight = event.in_flight;
  state_.waiting = event.waiting;
  state_.sleeping = event.sleeping;
  state_.connections = event.connections;
  state_.held = event.held;
  state_.held_why = event.held ? plain(redactor_->masked(event.held_why)) : std::string();
  state_.held_for = event.held && event.held_since != Instant{} ? event.at - event.held_since : Duration{};
  state_.next_probe_in = event.held ? event.held_until - event.at : Duration{};
  state_.stopping = event.stopping;
  state_.elapsed = event.at - event.started_at;
  state_.left.reset();
  std::int64_t left = state_.rows_expected - event.counts.ended();
  if (state_.rows_expected > 0 && left > 0 && forecast_) state_.left = forecast_->estimate(left);
}

}  // namespace rowcall::telemetry
