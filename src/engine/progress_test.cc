// SPDX-License-Identifier: Apache-2.0
#include "engine/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace rowcall::engine {
namespace {

TEST(Progress, InOrderItIsAPlace) {
  Progress progress{Commit{}};
  progress.begun({{0, 0, 0, 0}, 100});
  progress.begun({{100, 0, 100, 5000}, 50});
  EXPECT_EQ(progress.next().row, 0);
  progress.written({0, 0, 0, 0}, 100);
  EXPECT_EQ(progress.next().row, 100);
  EXPECT_EQ(progress.next().byte_offset, 5000);
  EXPECT_TRUE(progress.beyond().empty());
  progress.written({100, 0, 100, 5000}, 50);
  EXPECT_EQ(progress.next().row, 150) << "the end";
  EXPECT_EQ(progress.next().row_in_file, 150);
}

TEST(Progress, AHalfWrittenBatchIsReadAgainFromItsStart) {
  Progress progress{Commit{}};
  progress.begun({{0, 0, 0, 0}, 100});
  progress.begun({{100, 0, 100, 5000}, 100});
  progress.written({0, 0, 0, 0}, 100);
  progress.written({100, 0, 100, 5000}, 30);
  EXPECT_EQ(progress.next().row, 100);
  EXPECT_EQ(progress.next().byte_offset, 5000);
  EXPECT_EQ(progress.beyond(), (std::vector<RowRange>{{100, 130}}));
  Commit commit;
  commit.next = progress.next();
  commit.beyond = progress.beyond();
  Progress later(commit);
  later.begun({{100, 0, 100, 5000}, 70});
  later.written({130, 0, 130, -1}, 70);
  EXPECT_EQ(later.next().row, 200);
  EXPECT_TRUE(later.beyond().empty());
}

// Pieces of batches are written in any order; at every moment what is written is told exactly.
TEST(Progress, OutOfOrderNothingIsLostOrToldTwice) {
  std::mt19937 dice(3);
  for (int round = 0; round < 200; ++round) {
    Progress progress{Commit{}};
    struct Piece {
      SourcePosition from;
      std::int64_t records;
    };
    std::vector<Piece> pieces;
    std::set<std::int64_t> starts;
    std::int64_t row = 0;
    for (int batch = 0; batch < 8; ++batch) {
      std::int64_t records = 1 + static_cast<std::int64_t>(dice() % 20);
      starts.insert(row);
      progress.begun({{row, 0, row, row * 10}, records});
      std::int64_t cut = static_cast<std::int64_t>(dice() % static_cast<unsigned>(records));
      if (cut > 0) pieces.push_back({{row, 0, row, row * 10}, cut});
      pieces.push_back({{row + cut, 0, row + cut, -1}, records - cut});
      row += records;
    }
    starts.insert(row);
    std::ranges::shuffle(pieces, dice);
    std::set<std::int64_t> written;
    for (const Piece& piece : pieces) {
      progress.written(piece.from, piece.records);
      for (std::int64_t i = 0; i < piece.records; ++i) written.insert(piece.from.row + i);
      std::int64_t next = progress.next().row;
      EXPECT_TRUE(starts.contains(next)) << "the start of a batch, or the end";
      std::set<std::int64_t> told;
      for (std::int64_t r = 0; r < next; ++r) told.insert(r);
      for (const RowRange& range : progress.beyond()) {
        for (std::int64_t r = range.first; r < range.end; ++r) EXPECT_TRUE(told.insert(r).second);
      }
      EXPECT_EQ(told, written);
    }
    EXPECT_EQ(progress.next().row, row);
  }
}

}  // namespace
}  // namespace rowcall::engine
