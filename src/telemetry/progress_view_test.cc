// SPDX-License-Identifier: Apache-2.0
#include "telemetry/progress_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telemetry/plain_text.h"

namespace rowcall::telemetry {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

ProgressState halfway() {
  ProgressState state;
  state.name = "scores";
  state.counts[Ending::kOk] = 481'020;
  state.counts[Ending::kNoMatch] = 1'003;
  state.counts[Ending::kFailed] = 88;
  state.counts[Ending::kUnreadable] = 2;
  state.counts.attempts = 482'500;
  state.counts.retries = 90;
  state.counts[OutcomeClass::kThrottled] = 14;
  state.counts[OutcomeClass::kTransient] = 76;
  state.rows_expected = 1'000'000;
  state.calls_per_s = 4987.3;
  state.limit_per_s = 5000;
  state.in_flight = 312;
  state.waiting = 40;
  state.sleeping = 3;
  state.connections = 320;
  state.elapsed = 97s;
  state.left = {.least = 90s, .low = 95s, .likely = 104s, .high = 150s};
  return state;
}

TEST(ProgressView, WideTerminal) {
  EXPECT_THAT(
      render(halfway(), {120, false, true}),
      ElementsAre("scores   48 %   ━━━━━━━━━━━━━━━━━━━─────────────────────   482,113 of 1,000,000 rows   1 "
                  "min 50 s left",
                  "4,987 of 5,000 calls/s   312 in flight   40 waiting   3 sleeping   320 connections   90 "
                  "%: 1 min 40 s to 2 min "
                  "30 s left",
                  "ok 481,020   no match 1,003   failed 88   unreadable 2   retries 90   throttled 14   "
                  "transient 76"));
}

TEST(ProgressView, EightyColumnsInAscii) {
  EXPECT_THAT(render(halfway(), {79, false, false}),
              ElementsAre("scores   48 %   ########---------   482,113 of 1,000,000 rows   1 min 50 s left",
                          "4,987 of 5,000 calls/s   312 in flight   90 %: 1 min 40 s to 2 min 30 s left",
                          "ok 481,020   no match 1,003   failed 88   unreadable 2   throttled 14"));
}

TEST(ProgressView, NarrowTerminal) {
  EXPECT_THAT(render(halfway(), {40, false, false}),
              ElementsAre("48 %   482,113 of 1,000,000 rows", "4,987 of 5,000 calls/s   312 in flight",
                          "ok 481,020   failed 88   unreadable 2"));
  EXPECT_THAT(render(halfway(), {12, false, false}), ElementsAre("48 %", "4,987 of 5,~", "ok 481,020"));
}

TEST(ProgressView, Colour) {
  ProgressState state = halfway();
  state.counts[Ending::kUnreadable] = 0;
  state.counts[Ending::kNoMatch] = 0;
  std::vector<std::string> lines = render(state, {79, true, false});
  EXPECT_EQ(lines[0],
            "\x1b[1mscores\x1b[0m   \x1b[1m48 %\x1b[0m   \x1b[32m########\x1b[0m\x1b[2m---------\x1b[0m   "
            "481,108 of "
            "1,000,000 rows   1 min 50 s left");
  EXPECT_EQ(
      lines[2],
      "ok 481,020   \x1b[31mfailed 88\x1b[0m   \x1b[33mretries 90\x1b[0m   \x1b[33mthrottled 14\x1b[0m   "
      "\x1b[33mtransient 76\x1b[0m");
}

TEST(ProgressView, UnknownTotalHasNoBar) {
  ProgressState state = halfway();
  state.rows_expected = -1;
  EXPECT_EQ(render(state, {79, false, false})[0], "scores   482,113 rows   1 min 37 s so far");
}

TEST(ProgressView, AnEstimatedTotalIsCalledOneAndNeverReached) {
  ProgressState state = halfway();
  state.rows_exact = false;
  state.rows_expected = 480'000;
  state.left.reset();
  EXPECT_EQ(render(state, {79, false, false})[0],
            "scores   99 %   ##########-   482,113 of about 480,000 rows   1 min 37 s so far");
}

TEST(ProgressView, HeldSaysWhyAndWhenItGoesOn) {
  ProgressState state = halfway();
  state.held = true;
  state.held_why = "50 failures in a row, the last one: connection refused";
  state.next_probe_in = 3200ms;
  EXPECT_EQ(render(state, {120, false, false}).at(3),
            "held: 50 failures in a row, the last one: connection refused; next probe in 3.2 s; at least 1 "
            "min 30 s "
            "left");
  state.left.reset();
  EXPECT_EQ(render(state, {100, false, false}).at(3),
            "held: 50 failures in a row, the last one: connection refused; next probe in 3.2 s");
  EXPECT_EQ(render(state, {40, false, false}).at(3), "held: 50 failures in a row, the last on~");
  state.held_for = 12s;
  EXPECT_EQ(render(state, {100, false, false}).at(3),
            "held for 12 s: 50 failures in a row, the last one: connection refused; next probe in 3.2 s");
  state.held_for = {};
  state.next_probe_in = -1ms;
  EXPECT_EQ(render(state, {100, false, false}).at(3),
            "held: 50 failures in a row, the last one: connection refused");
}

TEST(ProgressView, StoppingSaysHowToStopAtOnce) {
  ProgressState state = halfway();
  state.stopping = true;
  EXPECT_EQ(render(state, {100, false, false}).at(3),
            "stopping: 312 calls in flight are finished first; Ctrl-C again stops at once");
}

TEST(ProgressView, AtTheStartThereAreTwoLines) {
  ProgressState state;
  state.name = "scores";
  state.rows_expected = 10;
  EXPECT_THAT(render(state, {60, false, false}),
              ElementsAre("scores   0 %   ---------------   0 of 10 rows   0.0 s so far",
                          "0.0 calls/s   0 in flight   0 connections"));
}

TEST(ProgressView, AllDoneIsAHundredPercent) {
  ProgressState state = halfway();
  state.rows_expected = 482'113;
  EXPECT_EQ(render(state, {40, false, false})[0], "100 %   482,113 of 482,113 rows");
  state.rows_expected = 482'114;
  EXPECT_EQ(render(state, {40, false, false})[0], "99 %   482,113 of 482,114 rows");
}

TEST(ProgressView, SeveralRowsACallShowBothRates) {
  ProgressState state = halfway();
  state.rows_per_call = 10;
  state.rows_per_s = 49'873;
  EXPECT_EQ(render(state, {60, false, false})[1], "4,987 of 5,000 calls/s   49,873 rows/s   312 in flight");
}

TEST(ProgressView, APriceMakesACost) {
  ProgressState state = halfway();
  state.left.reset();
  state.counts.attempts = 500'000;
  state.price_per_call = 0.002;
  EXPECT_THAT(render(state, {79, false, false})[1], testing::HasSubstr("cost 1,000.00 of about 2,074.20"));
}

TEST(ProgressView, NoLineIsWiderThanTheTerminal) {
  ProgressState state = halfway();
  state.name = "東京の住所を調べる仕事";
  state.held = true;
  state.held_why = "サーバーが応答しません";
  for (int width = 1; width <= 200; ++width) {
    for (bool unicode : {false, true}) {
      for (const std::string& line : render(state, {width, false, unicode})) {
        EXPECT_LE(columns_of(line), width) << line;
      }
    }
  }
}

TEST(ProgressView, OneLineForAPipe) {
  ProgressState state = halfway();
  EXPECT_EQ(
      render_line(state),
      "scores: 482,113 of 1,000,000 rows (48 %), 4,987 of 5,000 calls/s, 312 in flight, no match 1,003, "
      "failed 88, unreadable 2, retries 90, throttled 14, transient 76, 1 min 50 s left (1 min 40 s to 2 min "
      "30 s)");
  state = ProgressState{};
  state.name = "scores";
  state.counts[Ending::kOk] = 7;
  state.held = true;
  state.held_why = "connection refused";
  EXPECT_EQ(render_line(state), "scores: 7 rows, 0.0 calls/s, 0 in flight, held: connection refused");
}

}  // namespace
}  // namespace rowcall::telemetry
