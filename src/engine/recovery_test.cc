// SPDX-License-Identifier: Apache-2.0
#include "engine/recovery.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

#include "engine/progress.h"
#include "ledger/segment.h"

namespace rowcall::engine {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

Commit part(int number, std::int64_t next_row, std::int64_t ok) {
  Commit commit;
  commit.part = {"part", 1, 1};
  commit.parts = number;
  commit.failure_parts = number;
  commit.next.row = next_row;
  commit.counts[Ending::kOk] = ok;
  commit.counts.rows = ok;
  return commit;
}

std::set<std::int64_t> rows_in(Recovery& recovery) {
  std::set<std::int64_t> rows;
  for (;;) {
    std::vector<Segment> segments = recovery.next_segments();
    if (segments.empty()) return rows;
    for (const Segment& segment : segments) {
      ledger::SegmentReader reader(segment);
      while (auto record = reader.next()) EXPECT_TRUE(rows.insert(record->row).second) << record->row;
      EXPECT_FALSE(reader.damaged());
    }
  }
}

TEST(Recovery, WithoutFailuresItGoesOnBehindTheLastPart) {
  Recovery recovery;
  recovery.add(part(1, 100, 100));
  Commit second = part(2, 200, 250);
  second.beyond = {{220, 270}};
  recovery.add(second);
  Commit commit = recovery.commit();
  EXPECT_EQ(commit.parts, 2);
  EXPECT_EQ(commit.failure_parts, 0);
  EXPECT_EQ(commit.next.row, 200);
  EXPECT_THAT(commit.beyond, ElementsAre(RowRange{220, 270}));
  EXPECT_EQ(commit.counts[Ending::kOk], 250);
  EXPECT_TRUE(rows_in(recovery).empty());
}

TEST(Recovery, RowsWithoutAnAnswerAreReadAgainAndTheFailedOnesAreKnown) {
  Recovery recovery;
  recovery.add(part(1, 100, 100));
  Commit second = part(2, 200, 197);
  second.counts[Ending::kFailed] = 2;
  second.counts[Ending::kUnreadable] = 1;
  second.counts.rows = 200;
  second.unanswered = {{"permanent", 422, 1, "no", {{150, 152}}}, {"unreadable", 0, 0, "", {{120, 121}}}};
  recovery.add(second);
  recovery.add(part(3, 300, 297));
  Commit commit = recovery.commit();
  EXPECT_EQ(commit.next.row, 100) << "the place before the first of them";
  EXPECT_THAT(commit.beyond, ElementsAre(RowRange{100, 120}, RowRange{121, 150}, RowRange{152, 300}));
  EXPECT_EQ(commit.counts.rows, 297);
  EXPECT_EQ(recovery.failed(), 2);
  EXPECT_EQ(recovery.unreadable(), 1);
  EXPECT_THAT(rows_in(recovery), ElementsAre(150, 151));
}

TEST(Recovery, CountsWhatIsKnownOfTheTries) {
  Recovery recovery;
  Commit first = part(1, 100, 90);
  first.part.rows = 90;
  first.noted_at = WallTime(5s);
  first.unanswered = {{"transient", 500, 8, "again and again", {{10, 12}}},
                      {"unreadable", 0, 0, "", {{20, 28}}}};
  recovery.add(first);
  Commit second = part(2, 200, 190);
  second.part.rows = 100;
  second.unanswered = first.unanswered;  // told twice by a run that was recovered once
  recovery.add(second);
  EXPECT_THAT(recovery.tries(),
              ElementsAre(NotedTries{WallTime(5s), 90 + 2 * 8}, NotedTries{WallTime{}, 100}));
}

TEST(Recovery, AStretchOfFailuresIsGivenOutInPieces) {
  Recovery recovery;
  Commit only = part(1, 100'001, 1);
  only.unanswered = {{"transient", 500, 8, "again and again", {{0, 60'000}, {60'001, 100'001}}}};
  recovery.add(only);
  EXPECT_THAT(recovery.commit().beyond, ElementsAre(RowRange{60'000, 60'001}));
  Recovery pieces = recovery;
  std::int64_t first = 0;
  for (const Segment& segment : pieces.next_segments()) first += segment.rows;
  EXPECT_EQ(first, 20'000);
  EXPECT_EQ(rows_in(recovery).size(), 100'000U);
}

// Whatever the parts were: no row is done and open, none is neither, and none is forgotten.
TEST(Recovery, EveryRowIsDoneOrReadAgain) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    std::mt19937 dice(seed);
    Progress progress{Commit{}};
    Recovery recovery;
    std::set<std::int64_t> answered;
    std::set<std::int64_t> failed;
    std::set<std::int64_t> unreadable;
    std::vector<std::int64_t> batches;
    for (std::int64_t b = 0; b < 20; ++b) batches.push_back(b);
    for (std::int64_t b : batches) progress.begun({{b * 10, 0, b * 10, -1, 0}, 10});
    std::shuffle(batches.begin(), batches.end(), dice);
    Commit commit;
    for (std::size_t b = 0; b < 15; ++b) {
      std::int64_t first = batches[b] * 10;
      progress.written({first, 0, first, -1, 0}, 10);
      for (std::int64_t row = first; row < first + 10; ++row) {
        auto roll = dice() % 10;
        if (roll == 0) failed.insert(row);
        if (roll == 1) unreadable.insert(row);
        if (roll > 1) answered.insert(row);
        if (roll == 0) commit.unanswered.push_back({"permanent", 400, 1, "", {{row, row + 1}}});
        if (roll == 1) commit.unanswered.push_back({"unreadable", 0, 0, "", {{row, row + 1}}});
      }
      if (dice() % 3 != 0 && b != 14) continue;
      ++commit.parts;
      commit.next = progress.next();
      commit.beyond = progress.beyond();
      recovery.add(commit);
      commit.unanswered.clear();
    }
    Commit found = recovery.commit();
    RowRanges done(found.beyond);
    for (std::int64_t row = 0; row < 200; ++row) {
      bool is_done = row < found.next.row || done.missing({row, row + 1}).empty();
      ASSERT_EQ(is_done, answered.contains(row)) << "row " << row << ", seed " << seed;
    }
    ASSERT_EQ(rows_in(recovery), failed) << "seed " << seed;
    ASSERT_EQ(recovery.unreadable(), static_cast<std::int64_t>(unreadable.size()));
  }
}

}  // namespace
}  // namespace rowcall::engine
