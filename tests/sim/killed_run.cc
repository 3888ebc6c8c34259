// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/killed_run.h"

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "engine/run_state.h"
#include "policy/window_audit.h"
#include "tests/sim/memory_tables.h"
#include "tests/sim/sim_clock.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_run.h"
#include "tests/sim/sim_server.h"

namespace rowcall::sim {
namespace {

using namespace std::chrono_literals;

constexpr int kSessionsMost = 12;
constexpr Duration kIntervalMost = 151ms;  // 100 ms, looked at every 50 ms

// What happens to one process.
struct Fate {
  std::int64_t kill_at_event = -1;  // -1: not
  DiskFault disk;
  Weather weather;
  double stalls = 0;  // share of what the workers do that takes long
  Duration stop_after{};
  bool stop_at_once = false;
  bool lose_directory = false;  // when it has ended
};

struct Setting {
  Job job = basic_job();
  MemorySource::Options source;
  ServerOptions server;
  std::vector<Fate> fates;
  bool repeatable = true;
};

bool one_in(std::mt19937_64& dice, unsigned n) {
  return dice() % n == 0;
}

std::int64_t between(std::mt19937_64& dice, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(high - low + 1));
}

DiskFault::Kind one_of(std::mt19937_64& dice, std::initializer_list<DiskFault::Kind> kinds) {
  return kinds.begin()[dice() % kinds.size()];
}

Fate fate_of(std::mt19937_64& dice, std::int64_t rows) {
  using enum DiskFault::Kind;
  Fate fate;
  if (one_in(dice, 3)) fate.weather.short_writes = 0.3;
  if (one_in(dice, 2)) {
    fate.weather.failing_calls = 0.05 * static_cast<double>(between(dice, 1, 8));
    fate.weather.lost_replies = 0.4;
  }
  if (one_in(dice, 3)) fate.stalls = 0.15;
  fate.lose_directory = one_in(dice, 4);
  switch (dice() % 8) {
    case 0:
    case 1: fate.kill_at_event = between(dice, 1, rows * 8); break;
    case 2: fate.kill_at_event = between(dice, 1, 200); break;  // soon after the start
    case 3:
    case 4:
      fate.disk = {one_of(dice, {kKillBefore, kKillAmid, kKillAfter}),
                   static_cast<int>(between(dice, 0, 40))};
      break;
    case 5:
      fate.disk = {one_of(dice, {kFailBefore, kFailAmid, kFailAfter}),
                   static_cast<int>(between(dice, 0, 40))};
      break;
    default:
      fate.stop_after = std::chrono::milliseconds(between(dice, 1, 700));
      fate.stop_at_once = one_in(dice, 2);
      break;
  }
  return fate;
}

Setting setting_of(std::uint64_t seed) {
  std::mt19937_64 dice(seed);
  Setting s;
  s.source.rows = between(dice, 1, 300);
  s.source.batch_rows = between(dice, 5, 60);
  if (one_in(dice, 2))
    s.source.unreadable = [seed](std::int64_t row) {
      return (row * 7919 + static_cast<std::int64_t>(seed)) % 23 == 0;
    };
  s.job.sink.part_rows = between(dice, 10, 150);
  s.job.limits.rate = {{between(dice, 200, 2000), 1s}};
  s.job.limits.rows_held_max = static_cast<int>(between(dice, 20, 200));
  s.job.retry.max_attempts = 30;
  s.job.run.seed = seed;
  s.job.run.order = one_in(dice, 3) ? Order::kAny : Order::kInput;
  s.server.latency = std::chrono::milliseconds(between(dice, 2, 150));
  s.server.jitter = std::chrono::milliseconds(between(dice, 1, 100));
  s.server.lines_max = static_cast<int>(between(dice, 4, 64));
  if (one_in(dice, 2)) {
    s.server.fail_503 = 0.04;
    s.server.fail_429 = 0.02;
    s.server.retry_after = "0.1";
    s.server.fail_closed = 0.01;
  }
  if (one_in(dice, 5)) {
    s.job.request.rows_per_call = 4;
    s.job.response.items = "/echo";
    s.job.response.columns = {{"again", "/id", "int64", true}};
  } else if (one_in(dice, 2)) {
    s.server.refuses = [](const std::string& body) { return std::hash<std::string>()(body) % 20 == 0; };
  }
  if (one_in(dice, 8)) {
    s.job.request.idempotency = Idempotency::kNever;
    s.repeatable = false;
  }
  // Limits of which one run may use up several periods.
  if (one_in(dice, 3)) s.job.limits.rate[0].calls = between(dice, 30, 150);
  if (one_in(dice, 4)) s.job.limits.rate.push_back({between(dice, 100, 400), 5s});
  for (std::int64_t i = between(dice, 1, 4); i > 0; --i) s.fates.push_back(fate_of(dice, s.source.rows));
  return s;
}

// One process: from its start to its end, whatever that is.
struct Session {
  bool complete = false;
  bool killed = false;
  bool hung = false;
  std::string error;
  std::int64_t may_repeat = 0;  // in flight when it ended, or answered since the last sync
  Duration since_sync{};        // at a kill, when there was something to sync
  int stalls = 0;
  Duration stalled{};  // all of them
};

// The time that goes on from one process to the next, and what the run directory tells of earlier sends.
struct History {
  Instant now = SimClock::kStart;
  std::optional<Instant> taken_over;  // when a run directory was last lost
  std::vector<Instant> call_log;
  struct Unlogged {
    Instant by;
    std::int64_t calls;
  };
  std::vector<Unlogged> unlogged;
};

// As the call log does it: it has the calls that ended, and what it has gathered gets to the disk at every
// tick. The rest is lost at a kill.
Listener logged_into(std::vector<Instant>& log) {
  return [&log, gathered = std::vector<Instant>()](const Event& event) mutable {
    const auto* ended = std::get_if<AttemptEnded>(&event);
    if (ended != nullptr && ended->reply.on_wire) gathered.push_back(ended->reply.sent_at);
    if (!std::holds_alternative<Tick>(event)) return;
    log.insert(log.end(), gathered.begin(), gathered.end());
    gathered.clear();
  };
}

void tell_earlier_sends(Host& host, History& history, Breakage breakage) {
  host.earlier_sends = [&history](const std::function<void(Instant, std::int64_t)>& each) -> Result<void> {
    for (Instant at : history.call_log) each(at, 1);
    for (const History::Unlogged& sent : history.unlogged) {
      for (std::int64_t i = 0; i < sent.calls; ++i) each(sent.by, 1);
    }
    return {};
  };
  if (breakage == Breakage::kForgetsUnlogged) return;
  host.keep_unlogged_sends = [&history](std::int64_t calls, std::int64_t) -> Result<void> {
    history.unlogged.push_back({history.now, calls});
    return {};
  };
}

// How long the workers take for what they do, one thing at a time each.
class Pace {
 public:
  Pace(SimClock* clock, double share, std::uint64_t seed) : clock_(clock), share_(share), dice_(seed) {}

  void schedule(const char* worker, std::move_only_function<void()> work) {
    Duration takes = std::chrono::microseconds(between(dice_, 0, 2000));
    if (std::uniform_real_distribution<double>()(dice_) < share_) {
      takes = std::chrono::milliseconds(between(dice_, 20, 4000));
      ++stalls;
      stalled += takes;
    }
    Instant& free_at = free_at_[worker];
    free_at = std::max(free_at, clock_->now()) + takes;
    clock_->call_at(free_at, std::move(work));
  }
  int stalls = 0;
  Duration stalled{};

 private:
  SimClock* clock_;
  double share_;  // of the work that takes long
  std::mt19937_64 dice_;
  std::map<std::string, Instant> free_at_;
};

Session play_session(const Setting& setting, const Fate& fate, SimDisk& disk, SimBook& book, History& history,
                     std::uint64_t dice_seed) {
  Session session;
  boost::asio::io_context context(1);
  SimClock clock(history.now);
  MemorySource source(setting.source);
  DiskSink sink(&disk, &disk.sink);
  DiskSink failures(&disk, &disk.failures);
  StopFlag stop;
  disk.begin_session(fate.disk, fate.weather, dice_seed);
  Pace pace(&clock, fate.stalls, dice_seed + 1);
  Worker::Schedule schedule;
  if (fate.stalls > 0) {
    schedule = [&pace](const char* worker, std::move_only_function<void()> work) {
      pace.schedule(worker, std::move(work));
    };
  }
  std::int64_t unsynced = 0;
  Instant oldest_unsynced{};
  disk.on_kept = [&] { unsynced = 0; };
  Host host;
  host.source = &source;
  host.sink = &sink;
  host.failures = &failures;
  host.stop = &stop;
  host.run_id = "simulated";
  host.commit = [&disk](const Commit& commit) { return disk.commit(commit); };
  host.journal = disk.journal();
  host.resume = disk.resume();
  tell_earlier_sends(host, history, disk.breakage());
  if (disk.breakage() != Breakage::kForgetsSends) host.unknown_sends_until = history.taken_over;
  host.listener = [&, log = logged_into(history.call_log)](const Event& event) {
    log(event);
    const auto* ended = std::get_if<AttemptEnded>(&event);
    if (ended == nullptr) return;
    if (ended->outcome != OutcomeClass::kSuccess && ended->outcome != OutcomeClass::kPermanent) return;
    if (unsynced++ == 0) oldest_unsynced = clock.now();
  };
  if (host.resume.next.row > 0) {
    Result<void> sought = source.seek(host.resume.next);
    session.hung = !sought.has_value();
  }
  auto prepared = engine::prepare(setting.job, source, host.run_id);
  ServerOptions server_options = setting.server;
  server_options.book = &book;
  engine::Run run(context.get_executor(), &clock, Worker::Kind::kInline, setting.job, host,
                  *std::move(prepared), schedule);
  SimServer server(context.get_executor(), &clock, server_options, dice_seed);
  server.listen(run.line_events());
  Instant begun = clock.now();
  if (fate.stop_after > Duration(0)) {
    clock.call_at(begun + fate.stop_after, [&stop] { stop.raise(); });
    if (fate.stop_at_once) clock.call_at(begun + fate.stop_after + 20ms, [&stop] { stop.raise(); });
  }
  run.start(&server, [] {});
  for (std::int64_t events = 0; !run.over(); ++events) {
    if (disk.dead() || events == fate.kill_at_event) {
      session.killed = true;
      disk.kill();
      break;
    }
    context.restart();
    if (context.poll_one() > 0) continue;
    session.hung = !clock.advance() || clock.now() - begun > 10h;
    if (session.hung) break;
  }
  history.now = clock.now();
  session.may_repeat = server.lines().busy + server.cancelled() + unsynced;
  if (session.killed && unsynced > 0) session.since_sync = clock.now() - oldest_unsynced;
  session.stalls = pace.stalls;
  session.stalled = pace.stalled;
  session.complete = run.over() && run.report().end == RunEnd::kComplete;
  if (run.over() && run.report().end == RunEnd::kFailed) session.error = run.report().error.text();
  return session;
}

std::optional<std::int64_t> number_after(const std::string& text, const std::string& name) {
  auto at = text.find(name);
  if (at == std::string::npos) return std::nullopt;
  return std::stoll(text.substr(at + name.size()));
}

std::string body_of(std::int64_t id) {
  std::string number = std::to_string(id);
  return R"({"id":)" + number + R"(,"name":"row )" + number + "\"}";
}

std::string expected_row(const Setting& setting, std::int64_t id) {
  std::string body = body_of(id);
  body.pop_back();
  std::string tail = setting.job.request.rows_per_call > 1 ? R"(,"again":)" + std::to_string(id)
                                                           : R"(,"score":)" + std::to_string(body.size() + 1);
  return body + tail + "}";
}

// The table must be that of an undisturbed run; the failure table must hold the others.
std::string wrong_in_tables(const Setting& setting, const SimDisk& disk) {
  std::vector<std::string> rows = disk.sink.rows();
  std::map<std::int64_t, int> seen;
  std::int64_t before = -1;
  for (const std::string& row : rows) {
    std::int64_t id = number_after(row, "\"id\":").value_or(-1);
    if (row != expected_row(setting, id)) return "a row of the sink is wrong: " + row;
    if (setting.job.run.order == Order::kInput && id <= before) return "out of order: " + row;
    before = id;
    ++seen[id];
  }
  for (const std::string& row : disk.failures.rows()) {
    std::int64_t id = number_after(row, "\"row_id\":").value_or(-1);
    ++seen[id];
    bool unreadable = setting.source.unreadable && setting.source.unreadable(id);
    bool refused = setting.server.refuses && setting.server.refuses(body_of(id));
    if (unreadable != (row.find("\"error_class\":\"unreadable\"") != std::string::npos))
      return "unreadable or not: " + row;
    if (!unreadable && !refused && setting.repeatable) return "failed without a reason: " + row;
  }
  for (std::int64_t id = 0; id < setting.source.rows; ++id) {
    if (seen[id] != 1)
      return "row " + std::to_string(id) + " is there " + std::to_string(seen[id]) + " times";
  }
  if (static_cast<std::int64_t>(seen.size()) != setting.source.rows) return "rows that there are not";
  if (!disk.sink.finished) return "the sink was not finished";
  if (!disk.sink.unfinished.empty()) return "an upload is left behind";
  return "";
}

std::string wrong_in_book(const Setting& setting, const SimBook& book, KilledRun& run) {
  for (const auto& [body, call] : book.calls) {
    run.repeated += call.done - 1;
    if (call.keys.size() > 1)
      return "two keys for one call: " + body + " " + call.keys[0] + " " + call.keys[1];
    if (!setting.repeatable && call.done > 1) return "repeated although that is forbidden: " + body;
  }
  if (run.repeated > run.allowed) {
    return std::to_string(run.repeated) + " calls were repeated, " + std::to_string(run.allowed) + " may be";
  }
  return "";
}

// No window over its limit, from the first process to the last.
std::string wrong_in_windows(const Setting& setting, const SimBook& book) {
  for (const RateLimit& limit : setting.job.limits.rate) {
    policy::WindowAudit audit(limit.period);
    for (Instant at : book.sent) audit.add(at, 1);
    if (audit.worst() > limit.calls) {
      return std::to_string(audit.worst()) + " calls in " + std::to_string(seconds(limit.period)) +
             " s, the limit is " + std::to_string(limit.calls);
    }
  }
  return "";
}

// Calls of which the notes at the sink say nothing: they are made again when the ledger is gone.
std::int64_t not_noted(const SimDisk& disk, const SimBook& book) {
  return std::ranges::count_if(book.calls, [&](const auto& call) {
    return call.second.done > 0 && !disk.was_noted(number_after(call.first, "\"id\":").value_or(-1));
  });
}

void play_loss(SimDisk& disk, const SimBook& book, History& history, KilledRun& run) {
  ++run.lost_directories;
  history.taken_over = history.now;
  history.call_log.clear();
  history.unlogged.clear();
  run.violation = disk.lose_run_directory();
  run.allowed += not_noted(disk, book);
}

}  // namespace

KilledRun play_killed(std::uint64_t seed, Breakage breakage) {
  KilledRun run;
  Setting setting = setting_of(seed);
  SimDisk disk;
  SimBook book;
  History history;
  std::mt19937_64 gaps(~seed);
  disk.break_engine(breakage);
  for (;;) {
    bool disturbed = run.sessions < static_cast<int>(setting.fates.size());
    Fate fate = disturbed ? setting.fates[static_cast<std::size_t>(run.sessions)] : Fate{};
    Session session = play_session(setting, fate, disk, book, history,
                                   seed * 1000 + static_cast<std::uint64_t>(run.sessions));
    history.now += std::chrono::milliseconds(between(gaps, 0, 400));
    ++run.sessions;
    run.kills += session.killed ? 1 : 0;
    run.failed_disks += session.error.empty() ? 0 : 1;
    run.stops += !session.killed && !session.complete && session.error.empty() ? 1 : 0;
    run.allowed += session.may_repeat;
    if (session.hung) run.violation = "session " + std::to_string(run.sessions) + " hangs";
    run.stalls += session.stalls;
    if (session.since_sync > kIntervalMost + session.stalled)
      run.violation = "answers waited " + std::to_string(seconds(session.since_sync)) + " s to be synced";
    if (session.complete) break;
    if (run.sessions == kSessionsMost) run.violation = "not complete after many sessions: " + session.error;
    if (run.violation.empty() && fate.lose_directory && setting.repeatable)
      play_loss(disk, book, history, run);
    if (!run.violation.empty()) return run;
  }
  run.disk = disk.counts;
  if (run.violation.empty()) run.violation = wrong_in_tables(setting, disk);
  if (run.violation.empty()) run.violation = wrong_in_book(setting, book, run);
  if (run.violation.empty()) run.violation = wrong_in_windows(setting, book);
  return run;
}

}  // namespace rowcall::sim
