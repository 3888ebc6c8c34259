// SPDX-License-Identifier: Apache-2.0
#include "telemetry/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telemetry/screen.h"

namespace rowcall::telemetry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A run at 1000 calls a second, told tick by tick.
class ProgressTest : public ::testing::Test {
 protected:
  void start(Display display, std::int64_t rows = 100'000) {
    console_ = std::make_unique<Console>(screen_.fd(), display == Display::kLive);
    progress_ =
        std::make_unique<Progress>(ProgressOptions{display, false, false}, console_.get(), &redactor_);
    job_.name = "scores";
    job_.limits.rate = {{2000, 1s}, {60'000, 1min}};
    SourceInfo source;
    source.rows = rows;
    source.rows_exact = true;
    progress_->on(RunStarted{job_, source, now_});
    rows_ = rows;
  }
  void tick(Duration time, bool held = false) {
    for (Duration t{}; t < time; t += 100ms) {
      now_ += 100ms;
      if (!held) {
        counts_.attempts += 100;
        counts_[Ending::kOk] += 100;
      }
      progress_->on(Tick{now_, start_, counts_, rows_, 12, 0, 0, 20, 0, 0, held, now_ + 1500ms,
                         "the key topsecret was refused", false});
    }
  }

  Screen screen_{100, 24};
  Redactor redactor_{{"topsecret"}};
  std::unique_ptr<Console> console_;
  std::unique_ptr<Progress> progress_;
  Job job_;
  Counts counts_;
  const Instant start_{1h};
  Instant now_ = start_;
  std::int64_t rows_ = 0;
};

TEST_F(ProgressTest, TellsTheRateOfTheLastTwoSecondsAgainstTheTightestLimit) {
  start(Display::kLive);
  tick(10s);
  EXPECT_DOUBLE_EQ(progress_->state().calls_per_s, 1000);
  EXPECT_EQ(progress_->state().limit_per_s, 1000);
  tick(1s, true);
  EXPECT_DOUBLE_EQ(progress_->state().calls_per_s, 500);
  tick(1s, true);
  EXPECT_EQ(progress_->state().calls_per_s, 0);
}

TEST_F(ProgressTest, LivesInTheTerminalAndGoesAtTheEnd) {
  start(Display::kLive);
  tick(10'100ms);
  std::vector<std::string> lines = screen_.lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0],
              testing::MatchesRegex("scores   10 %   ####-+   10,100 of 100,000 rows   1 min [0-9]+ s left"));
  EXPECT_THAT(lines[1], testing::MatchesRegex(
                            "1,000 of 1,000 calls/s   12 in flight   20 connections   90 %: 1 min .* left"));
  EXPECT_EQ(lines[2], "ok 10,100");
  Report report;
  progress_->on(RunEnded{report});
  EXPECT_THAT(screen_.lines(), IsEmpty());
}

TEST_F(ProgressTest, IsRedrawnFiveTimesASecond) {
  start(Display::kLive);
  tick(1s);
  std::string bytes = screen_.bytes();
  int frames = 0;
  for (auto at = bytes.find("scores"); at != std::string::npos; at = bytes.find("scores", at + 1)) ++frames;
  EXPECT_EQ(frames, 5);
}

TEST_F(ProgressTest, HoldsAreShownAtOnceWithoutSecrets) {
  start(Display::kLive);
  tick(1s);
  tick(100ms, true);
  EXPECT_THAT(screen_.lines().back(), HasSubstr("held: the key [secret] was refused; next probe in 1.5 s"));
  EXPECT_THAT(screen_.bytes(), Not(HasSubstr("topsecret")));
}

TEST_F(ProgressTest, InAPipeThereIsALineEveryFiveSeconds) {
  start(Display::kLines, -1);
  tick(4900ms);
  EXPECT_THAT(screen_.lines(), IsEmpty());
  tick(100ms);
  EXPECT_THAT(screen_.lines(), ElementsAre("scores: 5,000 rows, 1,000 of 1,000 calls/s, 12 in flight"));
  tick(10s);
  EXPECT_EQ(screen_.lines().size(), 3u);
  EXPECT_THAT(screen_.bytes(), Not(HasSubstr("\x1b")));
}

TEST_F(ProgressTest, InAPipeAHoldIsToldSoonButNotTenTimesASecond) {
  start(Display::kLines);
  tick(5s);
  for (int i = 0; i < 10; ++i) {
    tick(100ms, true);
    tick(100ms, false);
  }
  EXPECT_EQ(screen_.lines().size(), 3u);  // after 5 s, then one a second
}

TEST_F(ProgressTest, QuietSaysNothing) {
  start(Display::kNone);
  tick(20s);
  EXPECT_EQ(screen_.bytes(), "");
}

}  // namespace
}  // namespace rowcall::telemetry
