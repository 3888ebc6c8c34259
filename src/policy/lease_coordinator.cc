// SPDX-License-Identifier: Apache-2.0
#include "policy/lease_coordinator.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "base/assert.h"
#include "policy/strict_limit.h"

namespace rowcall::policy {
namespace {

// Longer on the coordinator's clock than on any worker's.
Duration stretched(Duration by_workers_clock) {
  return by_workers_clock + from_seconds(seconds(by_workers_clock) * kClockRates);
}

// A worker that is not hungry keeps what it uses and some to spare.
std::int64_t with_room(std::int64_t used) {
  auto u = static_cast<double>(used);
  return used + static_cast<std::int64_t>(std::ceil(0.05 * u + 2 * std::sqrt(u))) + 1;
}

// Above this many workers each reports less often.
constexpr double kReportsMax = 1200;  // in one lease's time

// More grants than this without an acknowledgement tell nothing new.
constexpr std::size_t kPendingMax = 64;

}  // namespace

LeaseTerms terms_of(const RateLimit& limit, const LimitSpec& spec, Duration call_timeout) {
  LeaseTerms terms;
  terms.permits = limit.calls;
  terms.period = limit.period;
  terms.reuse_after =
      limit.period + from_seconds(seconds(limit.period) * StrictLimit::kDrift) + spec.guard_max;
  if (spec.strict == Strictness::kProof) terms.reuse_after += call_timeout;
  return terms;
}

LeaseCoordinator::LeaseCoordinator(LeaseTerms terms, std::uint64_t epoch, Instant silent_until)
    : terms_(terms), epoch_(epoch), silent_until_(silent_until), free_(terms.permits) {
  ROWCALL_ASSERT(terms.permits > 0 && terms.ttl > terms.margin, "settings refuse such terms");
}

Duration LeaseCoordinator::silence(const LeaseTerms& terms) {
  return stretched(terms.ttl + terms.reuse_after) + terms.path_spread;
}

std::int64_t LeaseCoordinator::charged(std::uint64_t worker) const {
  auto found = workers_.find(worker);
  return found == workers_.end() ? 0 : found->second.charged;
}

bool LeaseCoordinator::too_late(const LeaseReport& report) const {
  if (auto gone = gone_.find(report.worker); gone != gone_.end()) {
    // That lease is over here, so it is over there: the worker will notice and begin anew.
    if (report.incarnation <= gone->second.incarnation) return true;
  }
  auto found = workers_.find(report.worker);
  if (found == workers_.end()) return false;
  const Worker& worker = found->second;
  return report.incarnation < worker.incarnation ||
         (report.incarnation == worker.incarnation && report.sequence <= worker.sequence);
}

void LeaseCoordinator::report(const LeaseReport& report, Instant now) {
  if (too_late(report)) {
    // It repeats its farewell because it has not heard that we know.
    if (report.leaving) say_goodbye(report);
    return;
  }
  // A farewell that the coordinator before this one may have heard: those permits are free already.
  if (report.leaving && !workers_.contains(report.worker) && now >= silent_until_) {
    say_goodbye(report);
    return;
  }
  auto [found, is_new] = workers_.try_emplace(report.worker);
  Worker& worker = found->second;
  if (is_new || report.incarnation != worker.incarnation) meet(worker, report, now);
  worker.sequence = report.sequence;
  worker.ends = now + stretched(terms_.ttl);
  acknowledge(worker, report, now);
  if (report.leaving) {
    leave(found, report, now);
    say_goodbye(report);
    return;
  }
  worker.wanted = report.hungry ? terms_.permits : std::min(with_room(report.used), terms_.permits);
  if (is_new) set_targets(now);
  // Those who join at the same time each find something.
  adjust(worker, is_new ? (free_ + 1) / 2 : free_, now);
  answer(report.worker, worker);
}

// A worker, or a new life of one. What the old life held is not in the new one's hands.
void LeaseCoordinator::meet(Worker& worker, const LeaseReport& report, Instant now) {
  if (worker.charged > 0) {
    take_back(worker, worker.charged, worker.ends + stretched(terms_.reuse_after) + terms_.path_spread);
  }
  worker = {};
  worker.incarnation = report.incarnation;
  worker.turn_since = now;
  if (report.held == 0) return;
  // A worker of the coordinator before this one. Its permits are among those that are not given out while
  // this one is silent, so there is enough to charge it with.
  std::int64_t charge = now < silent_until_ ? std::min(report.held, free_) : 0;
  // In silence a report of a life that is over may have come late, and been believed.
  if (charge < report.held && now >= silent_until_) ++overdrawn_;
  worker.charged = worker.granted = charge;
  worker.number = 1;
  worker.pending.push_back({1, charge});
  charged_ += charge;
  free_ -= charge;
}

void LeaseCoordinator::acknowledge(Worker& worker, const LeaseReport& report, Instant now) {
  if (report.applied.epoch == epoch_) {
    while (!worker.pending.empty() && worker.pending.front().number <= report.applied.number) {
      worker.pending.pop_front();
    }
  }
  std::int64_t at_most = report.held;
  for (const Pending& grant : worker.pending) at_most = std::max(at_most, grant.permits);
  if (at_most > worker.charged) {
    // A grant of the coordinator before this one may arrive after the first report to this one.
    std::int64_t more = now < silent_until_ ? std::min(at_most - worker.charged, free_) : 0;
    worker.charged += more;
    charged_ += more;
    free_ -= more;
    if (at_most > worker.charged && now >= silent_until_) ++overdrawn_;
  } else if (at_most < worker.charged) {
    take_back(worker, worker.charged - at_most, now + terms_.path_spread);
  }
}

void LeaseCoordinator::leave(Workers::iterator found, const LeaseReport& report, Instant now) {
  Worker& worker = found->second;
  for (std::size_t i = 0; i < LeaseReport::kSlices; ++i) {
    std::int64_t cooling = std::clamp(report.cooling[i], std::int64_t{0}, worker.charged);
    if (cooling == 0) continue;
    Duration wait = terms_.reuse_after * static_cast<int>(i + 1) / static_cast<int>(LeaseReport::kSlices);
    take_back(worker, cooling, now + stretched(wait) + terms_.path_spread);
  }
  // What is left never was used since it came, or has cooled.
  if (worker.charged > 0) take_back(worker, worker.charged, now + terms_.path_spread);
  gone_[found->first] = {worker.incarnation, now + 10 * terms_.ttl};
  workers_.erase(found);
}

void LeaseCoordinator::take_back(Worker& worker, std::int64_t permits, Instant usable_at) {
  worker.charged -= permits;
  charged_ -= permits;
  quarantined_ += permits;
  quarantine_.push({usable_at, permits});
}

void LeaseCoordinator::tick(Instant now) {
  release_due(now);
  end_leases(now);
  set_targets(now);
  // First those who must give, then those who may have: they are told in the same moment.
  for (auto& [name, worker] : workers_) {
    if (worker.target < worker.granted && adjust(worker, free_, now)) answer(name, worker);
  }
  // A little for everybody would be a message for everybody: who lacks most gets all there is.
  std::vector<Workers::iterator> lacking;
  for (auto it = workers_.begin(); free_ > 0 && it != workers_.end(); ++it) {
    if (it->second.target > it->second.granted) lacking.push_back(it);
  }
  std::ranges::sort(lacking, std::greater{},
                    [](Workers::iterator w) { return w->second.target - w->second.granted; });
  for (auto it : lacking) {
    if (free_ > 0 && adjust(it->second, free_, now)) answer(it->first, it->second);
  }
}

void LeaseCoordinator::release_due(Instant now) {
  while (!quarantine_.empty() && quarantine_.top().until <= now) {
    free_ += quarantine_.top().permits;
    quarantined_ -= quarantine_.top().permits;
    quarantine_.pop();
  }
}

void LeaseCoordinator::end_leases(Instant now) {
  for (auto it = workers_.begin(); it != workers_.end();) {
    Worker& worker = it->second;
    if (worker.ends > now) {
      ++it;
      continue;
    }
    // Crashed, cut off, or stopped without a word. It may have sent its last call just before the end.
    if (worker.charged > 0) {
      take_back(worker, worker.charged, worker.ends + stretched(terms_.reuse_after) + terms_.path_spread);
    }
    gone_[it->first] = {worker.incarnation, now + 10 * terms_.ttl};
    it = workers_.erase(it);
  }
  std::erase_if(gone_, [now](const auto& gone) { return gone.second.forget_at <= now; });
}

// Equal shares, nobody more than it can use (max-min fairness): those who want least are served first, and
// what they leave is shared by the others.
void LeaseCoordinator::set_targets(Instant now) {
  auto count = static_cast<std::int64_t>(workers_.size());
  if (count > terms_.permits) {
    take_turns(now);
    return;
  }
  std::vector<Worker*> by_want;
  by_want.reserve(workers_.size());
  for (auto& [name, worker] : workers_) by_want.push_back(&worker);
  std::ranges::sort(by_want, {}, &Worker::wanted);
  std::int64_t left = terms_.permits;
  for (Worker* worker : by_want) {
    worker->target = std::clamp(worker->wanted, std::int64_t{1}, left / count);
    left -= worker->target;
    --count;
  }
}

// More workers than permits: one permit each for some time, then it is another's turn.
void LeaseCoordinator::take_turns(Instant now) {
  Duration turn = std::max(terms_.ttl, 2 * terms_.reuse_after);
  std::vector<Worker*> having;
  std::vector<Worker*> waiting;
  for (auto& [name, worker] : workers_) {
    (worker.target > 0 ? having : waiting).push_back(&worker);
    worker.target = std::min(worker.target, std::int64_t{1});
  }
  std::ranges::sort(having, {}, &Worker::turn_since);
  std::ranges::sort(waiting, {}, &Worker::turn_since);
  auto kept = static_cast<std::int64_t>(having.size());
  std::size_t next = 0;
  for (Worker* worker : having) {
    bool others_wait = next < waiting.size();
    if (kept <= terms_.permits && !(others_wait && worker->turn_since + turn <= now)) continue;
    worker->target = 0;
    worker->turn_since = now;
    --kept;
    ++next;
  }
  for (Worker* worker : waiting) {
    if (kept >= terms_.permits) break;
    worker->target = 1;
    worker->turn_since = now;
    ++kept;
  }
}

// Makes the next grant to this worker say what it should have, as far as there is enough. True when it
// says something new. Not more than `available` is charged.
bool LeaseCoordinator::adjust(Worker& worker, std::int64_t available, Instant now) {
  if (now < silent_until_ || worker.pending.size() >= kPendingMax) return false;
  std::int64_t granted = worker.granted;
  if (worker.target > granted) {
    granted = std::min(worker.target, worker.charged + available);
  } else if (worker.target < granted - std::max<std::int64_t>(1, granted / 20) || worker.target == 0) {
    granted = worker.target;
  }
  if (granted == worker.granted) return false;
  // Charge first. A shrink is not booked at all: that is for the acknowledgement to do.
  std::int64_t charge = std::max<std::int64_t>(0, granted - worker.charged);
  worker.charged += charge;
  charged_ += charge;
  free_ -= charge;
  worker.granted = granted;
  worker.pending.push_back({++worker.number, granted});
  return true;
}

void LeaseCoordinator::say_goodbye(const LeaseReport& report) {
  grants_.push_back(
      {report.worker, report.incarnation, {epoch_, 0}, 0, report.sequence, terms_.report_every});
}

void LeaseCoordinator::answer(std::uint64_t name, const Worker& worker) {
  auto crowd = static_cast<double>(workers_.size()) / kReportsMax * seconds(terms_.ttl);
  Duration every =
      std::clamp(from_seconds(crowd), terms_.report_every, std::max(terms_.report_every, terms_.ttl / 5));
  grants_.push_back(
      {name, worker.incarnation, {epoch_, worker.number}, worker.granted, worker.sequence, every});
}

}  // namespace rowcall::policy
