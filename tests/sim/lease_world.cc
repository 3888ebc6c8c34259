// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/lease_world.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <optional>

#include "policy/limiter_simulation.h"
#include "tests/sim/script_coordinator.h"

namespace rowcall::sim {
namespace {

using namespace std::chrono_literals;
using policy::Dice;
using policy::LeaseCoordinator;
using policy::LeaseGrant;
using policy::LeaseReport;
using policy::LeaseTerms;
using policy::LeaseWorker;
using policy::Limiter;
using policy::Permit;

constexpr Instant kStart{1h};
constexpr Duration kPoll = 25ms;
constexpr Duration kPathSpread = 15ms;  // of the workers' fastest paths; the terms say 20 ms

LimitSpec spec_of(const RateLimit& limit) {
  LimitSpec spec;
  spec.rate = {limit};
  return spec;
}

struct SimWorker {
  SimWorker(std::uint64_t name_given, const LimitSpec& spec, const LeaseTerms& terms)
      : name(name_given), limiter(spec, Limiter::Permits::kLent), lease(terms, name, limiter.lent(0)) {}

  std::uint64_t name;
  Limiter limiter;
  LeaseWorker lease;
  double clock_rate = 1;
  Duration clock_offset{};
  Duration path{};
  std::int64_t calls_left = 0;
  Instant next_ready = kStart;  // of a worker that cannot make more calls
  bool dead = false;
  bool left = false;
  Instant cut_off_until{};
  Instant paused_until{};
  // For the broken rules.
  LeaseGrant newest;
  std::uint64_t sequence = 0;
  bool met = false;  // a grant has come

  Instant local(Instant real) const {
    return kStart + clock_offset + from_seconds(seconds(real - kStart) * clock_rate);
  }
  Instant real(Instant local_time) const {
    return kStart + from_seconds(seconds(local_time - kStart - clock_offset) / clock_rate);
  }
};

// Who lends: a coordinator, or a Redis with its script.
struct Lender {
  std::unique_ptr<LeaseCoordinator> coordinator;
  std::unique_ptr<ScriptCoordinator> redis;

  // Calls `function` with the one there is.
  template <class Function>
  auto with(Function function) const {
    return redis ? function(*redis) : function(*coordinator);
  }
  void tick(Instant now) const {
    if (coordinator) coordinator->tick(now);
  }
};

class Cluster {
 public:
  explicit Cluster(const ClusterOptions& options)
      : options_(options),
        dice_(options.seed),
        spec_(spec_of(options.limit)),
        terms_(policy::terms_of(options.limit, spec_, 30s)) {
    coordinator_terms_ = terms_;
    if (broken(Broken::kLostCool)) coordinator_terms_.reuse_after = Duration(0);
    if (broken(Broken::kLeaseWaitedFor)) coordinator_terms_.ttl = terms_.ttl / 4;
    begin_lender();
    double sum = 0;
    for (int i = 1; i <= options.workers; ++i) sum += std::pow(i, -options.skew);
    std::int64_t given = 0;
    for (int i = options.workers; i >= 1; --i) {
      double share = std::pow(i, -options.skew) / sum;
      std::int64_t calls = i == 1 ? options.calls - given
                                  : static_cast<std::int64_t>(static_cast<double>(options.calls) * share);
      given += calls;
      to_begin_.push_back(calls);
    }
    int at_once = options.slots > 0 ? options.slots : options.workers;
    for (int i = 0; i < at_once; ++i) begin_next();
  }

  ClusterOutcome run() {
    at(now_ + LeaseCoordinator::kTick, [this] { tick(); });
    plan_trouble();
    while (!events_.empty() && !done() && now_ - kStart < options_.give_up_after) {
      now_ = std::max(now_, events_.top().at);
      auto then = std::move(events_.top().then);
      events_.pop();
      then();
      // With a thousand workers to look at, not after every event.
      if (outcome_.breach.empty() && (workers_.size() < 50 || ++events_seen_ % 1000 == 0)) check_books();
    }
    outcome_.finished = done();
    outcome_.sent = static_cast<std::int64_t>(sent_.size());
    outcome_.worst_sent = policy::simulation::most_in_any_window(sent_, options_.limit.period);
    outcome_.worst_arrived = policy::simulation::most_in_any_window(arrived_, options_.limit.period);
    if (!sent_.empty()) {
      outcome_.took = *std::ranges::max_element(sent_) - kStart;
      outcome_.utilisation = static_cast<double>(sent_.size()) * seconds(options_.limit.period) /
                             (static_cast<double>(options_.limit.calls) * seconds(outcome_.took));
    }
    return outcome_;
  }

 private:
  struct Entry {
    Instant at;
    std::uint64_t order;
    mutable std::move_only_function<void()> then;
    bool operator>(const Entry& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  bool broken(Broken rule) const { return options_.broken == rule; }
  bool happens(double share) { return share > 0 && dice_.share() < share; }
  Duration up_to(Duration most) { return from_seconds(seconds(most) * dice_.share()); }
  void at(Instant when, std::move_only_function<void()> then) {
    events_.push({std::max(when, now_), next_order_++, std::move(then)});
  }
  bool done() const {
    return to_begin_.empty() &&
           std::ranges::all_of(workers_, [](const auto& w) { return w->dead || w->calls_left == 0; });
  }

  void begin_lender() {
    lender_.emplace();
    if (options_.redis) {
      lender_->redis = std::make_unique<ScriptCoordinator>(coordinator_terms_, now_);
    } else {
      lender_->coordinator = std::make_unique<LeaseCoordinator>(coordinator_terms_, epoch_);
    }
  }

  void begin_next() {
    if (to_begin_.empty()) return;
    begin_worker(to_begin_.front());
    to_begin_.pop_front();
  }

  void begin_worker(std::int64_t calls) {
    auto worker = std::make_unique<SimWorker>(workers_.size() + 1, spec_, terms_);
    worker->clock_rate = 1 + options_.clock_rates * (2 * dice_.share() - 1);
    worker->clock_offset = up_to(1000h);
    worker->path = 1ms + up_to(kPathSpread);
    worker->calls_left = calls;
    SimWorker* w = worker.get();
    workers_.push_back(std::move(worker));
    at(now_ + up_to(20ms), [this, w] { wake(*w); });
  }

  // A worker looks at its clock, does what is due, and plans when to look again.
  void wake(SimWorker& w) {
    if (w.dead || w.lease.left()) return;
    if (now_ < w.paused_until) {
      at(w.paused_until, [this, &w] { wake(w); });
      return;
    }
    Instant local = w.local(now_);
    if (!broken(Broken::kLeaseEnds)) w.lease.expire(local);
    if (w.calls_left == 0) {
      if (!std::exchange(w.left, true)) at(now_ + options_.gap, [this] { begin_next(); });
      send_report(w, w.lease.leave(local));
      if (!w.lease.left()) at(now_ + 100ms, [this, &w] { wake(w); });
      return;
    }
    bool sends_on = broken(Broken::kLeaseEnds) && local >= w.lease.ends() && w.lease.expired() == 0 && w.met;
    if (!sends_on && w.lease.due(w.limiter.hungry(local), local)) {
      send_report(w, w.lease.report(w.limiter.hungry(local), local));
      w.limiter.forget_hunger(local);
    }
    w.limiter.set_sends_end(broken(Broken::kLeaseEnds) ? Instant::max() : w.lease.sends_end());
    while (w.calls_left > 0 && w.next_ready <= now_ && w.limiter.next(local) <= local) {
      Permit permit = w.limiter.take(local);
      --w.calls_left;
      w.next_ready = std::max(w.next_ready, now_ - 2ms) + from_seconds(1 / options_.worker_rate_max);
      if (options_.pauses && happens(0.0002)) {
        // Stands still between the look at the clock and the write.
        w.paused_until = now_ + from_seconds(seconds(terms_.margin) * 0.98 * dice_.share());
        at(w.paused_until, [this, &w, permit] { write(w, permit); });
        at(w.paused_until, [this, &w] { wake(w); });
        return;
      }
      write(w, permit);
    }
    Instant next = now_ + (w.calls_left > 0 ? kPoll : 1ms);
    if (w.calls_left > 0) {
      next = std::min(next, std::max(w.next_ready, w.real(w.limiter.next(local)) + 1us));
      next += 50us + (happens(0.001) ? up_to(5ms) : 0ms);
    }
    at(next, [this, &w] { wake(w); });
  }

  void write(SimWorker& w, const Permit& permit) {
    if (w.dead) return;
    sent_.push_back(now_);
    Instant local = w.local(now_);
    w.limiter.sent(permit, local);
    Instant arrival = now_ + w.path + (dice_.share() < 0.5 ? 0ms : up_to(40ms));
    arrived_.push_back(arrival);
    Instant answer = arrival + w.path + up_to(5ms);
    at(answer, [this, &w, permit, local] {
      if (!w.dead && !w.left) w.limiter.answered(permit, local, w.local(now_));
    });
  }

  // --- the network

  template <class Deliver>
  void post(Instant cut_off_until, Deliver deliver) {
    ++outcome_.messages;
    if (now_ - second_began_ >= 1s) {
      second_began_ = now_;
      messages_this_second_ = 0;
    }
    outcome_.messages_most_per_s = std::max(outcome_.messages_most_per_s, ++messages_this_second_);
    int copies = happens(options_.repeated) ? 2 : 1;
    for (; copies > 0; --copies) {
      if (now_ < cut_off_until || happens(options_.lost)) continue;
      Duration delay = happens(options_.very_late) ? up_to(2s) : 1ms + up_to(29ms);
      at(now_ + delay, deliver);
    }
  }

  void send_report(SimWorker& w, LeaseReport report) {
    if (broken(Broken::kReturnedCool)) {
      report.held = w.limiter.lent(0)->permits();
      report.cooling = {};
    }
    post(w.cut_off_until, [this, &w, report] { deliver_report(w, report); });
  }

  void deliver_report(SimWorker& w, LeaseReport report) {
    if (!lender_ || down_) return;
    if (broken(Broken::kShrinkAcknowledged) && w.newest.version.epoch == epoch_ && !report.leaving) {
      report.applied = w.newest.version;
      report.held = std::min(report.held, w.newest.permits);
    }
    w.sequence = std::max(w.sequence, report.sequence);
    if (broken(Broken::kOldReportsIgnored)) report.sequence = ++forged_;
    lender_->with([&](auto& lender) { lender.report(report, now_); });
    if (lender_->redis) known_from_ = lender_->redis->silent_until();
    send_grants();
  }

  void send_grants() {
    for (LeaseGrant grant : lender_->with([](auto& lender) { return lender.take_grants(); })) {
      SimWorker& w = *workers_[grant.worker - 1];
      if (w.newest.version < grant.version) w.newest = grant;
      if (broken(Broken::kOldReportsIgnored)) grant.sequence = w.sequence;
      if (broken(Broken::kChargeBeforeGrant)) grant.permits += 1 + grant.permits / 20;
      // Connections of the two that are cut off from each other stay so in both directions.
      post(w.cut_off_until, [this, &w, grant] { deliver_grant(w, grant); });
    }
  }

  void deliver_grant(SimWorker& w, LeaseGrant grant) {
    if (w.dead || now_ < w.paused_until) return;
    if (broken(Broken::kLeaseEnds) && w.met && w.local(now_) >= w.lease.ends()) return;
    w.met = true;
    if (broken(Broken::kOldGrantsIgnored)) grant.version = {grant.version.epoch, ++forged_};
    w.lease.grant(grant, w.local(now_));
    if (broken(Broken::kOldGrantsIgnored)) forged_ += 1;
  }

  void tick() {
    if (lender_ && !down_) {
      lender_->tick(now_);
      send_grants();
    }
    at(now_ + LeaseCoordinator::kTick, [this] { tick(); });
  }

  // --- trouble

  SimWorker* somebody() {
    std::vector<SimWorker*> alive;
    for (auto& w : workers_) {
      if (!w->dead && !w->left) alive.push_back(w.get());
    }
    if (alive.empty()) return nullptr;
    return alive[static_cast<std::size_t>(dice_.share() * static_cast<double>(alive.size()))];
  }

  void plan_trouble() {
    Duration ideal = from_seconds(static_cast<double>(options_.calls) * seconds(options_.limit.period) /
                                  static_cast<double>(options_.limit.calls));
    for (int i = 0; i < options_.troubles; ++i) {
      Instant when = kStart + 500ms + up_to(ideal);
      if (options_.crashes) at(when, [this] { crash(); });
      if (options_.partitions) at(kStart + 500ms + up_to(ideal), [this] { cut_off(); });
    }
    if (options_.restarts) at(kStart + 500ms + up_to(ideal), [this] { end_coordinator(); });
  }

  void crash() {
    SimWorker* w = somebody();
    if (w == nullptr) return;
    w->dead = true;
    std::int64_t left = w->calls_left;
    at(now_ + up_to(1s), [this, left] { begin_worker(left); });
  }

  void cut_off() {
    if (SimWorker* w = somebody()) w->cut_off_until = now_ + 100ms + up_to(7s);
  }

  // A Redis fails over: to a replica that knows all, or not the last moments, or nothing; with another clock.
  void fail_over() {
    lender_->redis->keep_copy();
    Duration behind = up_to(500ms);
    at(now_ + behind, [this] {
      down_ = true;
      auto fate = static_cast<ScriptCoordinator::Fate>(options_.seed % 3);
      at(now_ + up_to(2s), [this, fate] {
        lender_->redis->fail_over(fate, up_to(20s) - 10s);
        down_ = false;
        known_from_ = Instant::max();  // until it has answered somebody
      });
    });
  }

  void end_coordinator() {
    if (lender_->redis) {
      fail_over();
      return;
    }
    lender_.reset();
    at(now_ + up_to(2s), [this] {
      Instant silent_until = now_ + LeaseCoordinator::silence(coordinator_terms_);
      if (broken(Broken::kSilentAfterRestart)) silent_until = Instant::min();
      lender_.emplace();
      lender_->coordinator = std::make_unique<LeaseCoordinator>(coordinator_terms_, ++epoch_, silent_until);
      known_from_ = silent_until;
    });
  }

  // --- the books: sum of charged + quarantined + free = N, and nobody holds more than it is charged with

  void check_books() {
    std::int64_t held = 0;
    std::int64_t charged = 0;
    for (auto& w : workers_) {
      std::int64_t here = holds(*w);
      held += here;
      if (!lender_ || down_) continue;
      std::int64_t of_it = lender_->with([&](auto& lender) { return lender.charged(w->name); });
      charged += of_it;
      // A coordinator that is still silent may not know it yet.
      if (here > of_it && now_ >= known_from_) {
        breach("worker " + std::to_string(w->name) + " holds " + std::to_string(here) + " of " +
               std::to_string(of_it));
      }
    }
    if (held > options_.limit.calls) breach("workers hold " + std::to_string(held));
    if (lender_ && !down_) lender_->with([&](auto& lender) { check_sum(lender, charged); });
  }

  void check_sum(auto& lender, std::int64_t charged) {
    std::int64_t quarantined = lender.quarantined();
    std::int64_t free = lender.free();
    bool begun = charged + quarantined + free > 0;  // a key is there from the first report on
    if (begun && (charged != lender.charged() || charged + quarantined + free != options_.limit.calls)) {
      breach(std::to_string(charged) + " + " + std::to_string(quarantined) + " + " + std::to_string(free));
    }
    if (free < 0 || lender.overdrawn() > 0) breach("overdrawn");
  }

  // What a worker really can still use: a dead one nothing, but what it used last still cools.
  std::int64_t holds(SimWorker& w) {
    if (w.dead || w.left) return 0;
    Instant local = w.local(now_);
    if (local >= w.lease.ends() && !broken(Broken::kLeaseEnds)) return 0;
    return w.limiter.lent(0)->held(local);
  }

  void breach(const std::string& what) {
    if (outcome_.breach.empty()) {
      outcome_.breach = what + " after " + std::to_string(seconds(now_ - kStart)) + " s";
    }
  }

  ClusterOptions options_;
  Dice dice_;
  LimitSpec spec_;
  LeaseTerms terms_;
  LeaseTerms coordinator_terms_;
  std::uint64_t epoch_ = 1;
  std::uint64_t forged_ = 1'000'000;
  std::optional<Lender> lender_;
  bool down_ = false;  // a Redis that is failing over
  Instant known_from_ = kStart;
  std::int64_t events_seen_ = 0;
  Instant second_began_ = kStart;
  double messages_this_second_ = 0;
  std::vector<std::unique_ptr<SimWorker>> workers_;
  std::deque<std::int64_t> to_begin_;  // the calls of workers that have not begun
  std::vector<Instant> sent_;
  std::vector<Instant> arrived_;
  ClusterOutcome outcome_;
  Instant now_ = kStart;
  std::uint64_t next_order_ = 0;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> events_;
};

}  // namespace

ClusterOutcome play_cluster(const ClusterOptions& options) {
  return Cluster(options).run();
}

}  // namespace rowcall::sim
