// SPDX-License-Identifier: Apache-2.0
// Coordinator and clients over real sockets on the loopback interface.
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "lease/coordinator_server.h"
#include "lease/lease_client.h"
#include "loop/loop_clock.h"

namespace rowcall::lease {
namespace {

namespace asio = boost::asio;

constexpr const char* kSecret = "a secret of the test, long enough";

CoordinatorOptions options_for(std::int64_t calls) {
  CoordinatorOptions options;
  options.limits.rate = {{calls, 1s}};
  options.limits.guard_max = 10ms;
  options.secret = kSecret;
  return options;
}

std::vector<policy::LeaseTerms> terms_for(const CoordinatorOptions& options) {
  std::vector<policy::LeaseTerms> terms;
  for (const RateLimit& limit : options.limits.rate)
    terms.push_back(policy::terms_of(limit, options.limits, options.call_timeout));
  return terms;
}

// A run that has always something to send.
struct Worker {
  Worker(asio::io_context& context, Clock* clock_used, const CoordinatorOptions& options,
         const std::string& address, const std::string& secret)
      : clock(clock_used),
        limiter(options.limits, policy::Limiter::Permits::kLent),
        client(
            context.get_executor(), clock, terms_for(options), *settings::read_coordinator_url(address),
            secret, &limiter,
            {[this] { return health; }, [this] { ++changes; }, [this](Instant until) { held_until = until; },
             [this](Error error) { refused = std::move(error); }}) {
    asio::co_spawn(context, live(), asio::detached);
    asio::co_spawn(context, send_all(), asio::detached);
  }

  Async<void> live() {
    co_await client.keep();
    gone = true;
  }
  Async<void> send_all() {
    while (!gone) {
      Instant now = clock->now();
      while (limiter.next(now) <= now) {
        policy::Permit permit = limiter.take(now);
        limiter.sent(permit, now);
        limiter.answered(permit, now, now);
        ++sent;
      }
      Instant next = std::min(std::max(limiter.next(now), now + 1ms), now + 20ms);
      co_await sleep_until(*clock, next);
    }
  }

  Clock* clock;
  policy::Limiter limiter;
  Health health;
  int changes = 0;
  Instant held_until{};
  std::optional<Error> refused;
  bool gone = false;
  std::int64_t sent = 0;
  LeaseClient client;
};

class LeaseTest : public testing::Test {
 protected:
  // Goes on until `done`, or for ten seconds.
  template <class Done>
  bool run_until(Done done) {
    Instant end = clock_.now() + 10s;
    while (!done() && clock_.now() < end) {
      clock_.call_at(clock_.now() + 5ms, [] {});
      context_.restart();
      context_.run_one();
    }
    return done();
  }

  asio::io_context context_{1};
  LoopClock clock_{context_};
};

TEST_F(LeaseTest, TwoWorkersShareAndTheLastGetsAll) {
  auto options = options_for(100);
  auto server = *CoordinatorServer::start(options);
  Worker one(context_, &clock_, options, server->address(), kSecret);
  Worker two(context_, &clock_, options, server->address(), kSecret);
  auto permits = [](Worker& w) { return w.limiter.lent(0)->permits(); };
  EXPECT_TRUE(run_until([&] { return permits(one) == 50 && permits(two) == 50; }));
  EXPECT_EQ(server->status().workers, 2);
  two.client.stop();
  EXPECT_TRUE(run_until([&] { return two.gone && permits(one) == 100; }));
  EXPECT_EQ(permits(two), 0);
  one.client.stop();
  EXPECT_TRUE(run_until([&] { return one.gone; }));
  CoordinatorStatus status = server->status();
  EXPECT_EQ(status.overdrawn, 0);
  EXPECT_EQ(status.limits[0].lent + status.limits[0].quarantined + status.limits[0].free, 100);
}

TEST_F(LeaseTest, AWrongSecretIsToldAndGetsNothing) {
  auto options = options_for(100);
  auto server = *CoordinatorServer::start(options);
  Worker stranger(context_, &clock_, options, server->address(), "another secret, long enough");
  ASSERT_TRUE(run_until([&] { return stranger.gone; }));
  ASSERT_TRUE(stranger.refused);
  EXPECT_EQ(stranger.refused->code, ErrorCode::kDenied);
  EXPECT_EQ(stranger.refused->text().find("another"), std::string::npos);
  EXPECT_EQ(stranger.sent, 0);
  EXPECT_EQ(server->status().refused, 1);
}

TEST_F(LeaseTest, OtherLimitsAreToldApart) {
  auto server = *CoordinatorServer::start(options_for(100));
  Worker other(context_, &clock_, options_for(200), server->address(), kSecret);
  ASSERT_TRUE(run_until([&] { return other.gone; }));
  ASSERT_TRUE(other.refused);
  EXPECT_NE(other.refused->text().find("100 in 1"), std::string::npos);
}

TEST_F(LeaseTest, ALostCoordinatorStopsItsWorkersAndAnotherStartsThem) {
  auto options = options_for(100);
  auto server = *CoordinatorServer::start(options);
  std::string address = server->address();
  Worker worker(context_, &clock_, options, address, kSecret);
  ASSERT_TRUE(run_until([&] { return worker.limiter.lent(0)->permits() == 100; }));
  server.reset();
  EXPECT_TRUE(run_until([&] { return worker.limiter.lent(0)->permits() == 0; }));
  options.port = static_cast<std::uint16_t>(std::stoi(settings::read_coordinator_url(address)->port));
  options.restarted = true;
  server = *CoordinatorServer::start(options);
  EXPECT_TRUE(run_until([&] { return worker.limiter.lent(0)->permits() == 100; }));
  worker.client.stop();
  EXPECT_TRUE(run_until([&] { return worker.gone; }));
}

TEST_F(LeaseTest, OnesRetryAfterHoldsAll) {
  auto options = options_for(100);
  auto server = *CoordinatorServer::start(options);
  Worker one(context_, &clock_, options, server->address(), kSecret);
  Worker two(context_, &clock_, options, server->address(), kSecret);
  ASSERT_TRUE(run_until([&] { return one.changes > 0 && two.changes > 0; }));
  one.health.asked_to_wait = 5s;
  EXPECT_TRUE(run_until([&] { return two.held_until > clock_.now() + 4s; }));
  one.client.stop();
  two.client.stop();
  EXPECT_TRUE(run_until([&] { return one.gone && two.gone; }));
}

TEST_F(LeaseTest, NoLimitAndShortSecretsAreRefused) {
  CoordinatorOptions options = options_for(100);
  options.secret = "short";
  EXPECT_FALSE(CoordinatorServer::start(options));
  options = options_for(100);
  options.limits.rate.clear();
  EXPECT_FALSE(CoordinatorServer::start(options));
}

}  // namespace
}  // namespace rowcall::lease
