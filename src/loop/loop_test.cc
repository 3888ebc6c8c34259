// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "loop/async.h"
#include "loop/loop_clock.h"
#include "loop/worker.h"

namespace rowcall {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class LoopTest : public testing::Test {
 protected:
  asio::io_context context_{1};
  LoopClock clock_{context_};
  std::vector<std::string> log_;

  Async<void> note_at(Instant at, std::string note) {
    co_await sleep_until(clock_, at);
    EXPECT_GE(clock_.now(), at);
    log_.push_back(note);
  }
  Async<void> note_when(Signal& signal, const bool& condition, std::string note) {
    while (!condition) co_await signal.wait();
    log_.push_back(note);
  }
  Async<void> note_from(Worker& worker, int number, std::thread::id* where) {
    auto square = [number, where] {
      *where = std::this_thread::get_id();
      return number * number;
    };
    auto task = worker.run(context_.get_executor(), square);
    int result = co_await std::move(task);
    log_.push_back(std::to_string(result));
  }
};

TEST_F(LoopTest, SleepersWakeInOrderOfTime) {
  Instant now = clock_.now();
  asio::co_spawn(context_, note_at(now + 20ms, "late"), asio::detached);
  asio::co_spawn(context_, note_at(now + 2ms, "early"), asio::detached);
  asio::co_spawn(context_, note_at(now - 1s, "past"), asio::detached);
  context_.run();
  EXPECT_EQ(log_, (std::vector<std::string>{"past", "early", "late"}));
}

TEST_F(LoopTest, WithLongTicksWhatComesInWaitsForWhatIsDue) {
  LoopClock clock(context_, 100ms);
  Instant due = Instant((clock.now().time_since_epoch() / 100ms + 1) * 100ms);
  std::this_thread::sleep_until(due);
  due += 100ms;
  Instant came{};
  clock.call_at(due, [this] { log_.push_back("due"); });
  std::jthread other([this, &clock, &came, due] {
    std::this_thread::sleep_until(due - 70ms);
    asio::post(context_, [this, &clock, &came] {
      came = clock.now();
      log_.push_back("came in");
      context_.stop();
    });
  });
  clock.run(context_);
  EXPECT_GE(came, due);
  EXPECT_THAT(log_, testing::Contains("came in"));
}

TEST_F(LoopTest, WithLongTicksWhatComesInDoesNotWaitForWhatIsFarAway) {
  LoopClock clock(context_, 5ms);
  Instant begun = clock.now();
  clock.call_at(begun + 1h, [] {});
  std::jthread other([this] { asio::post(context_, [this] { context_.stop(); }); });
  clock.run(context_);
  EXPECT_LT(clock.now() - begun, 30min);
}

TEST_F(LoopTest, ASignalWakesAllWhoseConditionHolds) {
  Signal signal(context_.get_executor());
  bool ready = false;
  asio::co_spawn(context_, note_when(signal, ready, "a"), asio::detached);
  asio::co_spawn(context_, note_when(signal, ready, "b"), asio::detached);
  context_.poll();
  signal.raise();  // for nothing: the condition does not hold yet
  context_.restart();
  context_.poll();
  EXPECT_TRUE(log_.empty());
  ready = true;
  signal.raise();
  context_.restart();
  context_.poll();
  EXPECT_EQ(log_, (std::vector<std::string>{"a", "b"}));
}

TEST_F(LoopTest, WorkIsDoneOnTheWorkersThreadInOrder) {
  Worker worker(Worker::Kind::kThread, "test");
  std::thread::id where;
  asio::co_spawn(context_, note_from(worker, 3, &where), asio::detached);
  asio::co_spawn(context_, note_from(worker, 4, &where), asio::detached);
  context_.run();
  EXPECT_EQ(log_, (std::vector<std::string>{"9", "16"}));
  EXPECT_NE(where, std::this_thread::get_id());
}

TEST_F(LoopTest, InlineWorkNeedsNoThread) {
  Worker worker(Worker::Kind::kInline, "test");
  std::thread::id where;
  asio::co_spawn(context_, note_from(worker, 5, &where), asio::detached);
  context_.run();
  EXPECT_EQ(log_, (std::vector<std::string>{"25"}));
  EXPECT_EQ(where, std::this_thread::get_id());
}

}  // namespace
}  // namespace rowcall
