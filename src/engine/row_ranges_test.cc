// SPDX-License-Identifier: Apache-2.0
#include "engine/row_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "table/answer_columns.h"
#include "table/row_reader.h"
#include "table/schema.h"

namespace rowcall::engine {
namespace {

TEST(RowRanges, ThoseThatTouchBecomeOne) {
  RowRanges set;
  EXPECT_TRUE(set.empty());
  set.add({10, 20});
  set.add({30, 40});
  set.add({5, 5});
  EXPECT_EQ(set.all(), (std::vector<RowRange>{{10, 20}, {30, 40}}));
  set.add({20, 30});
  EXPECT_EQ(set.all(), (std::vector<RowRange>{{10, 40}}));
  EXPECT_EQ(set.missing({0, 50}), (std::vector<RowRange>{{0, 10}, {40, 50}}));
  set.forget_before(35);
  EXPECT_EQ(set.all(), (std::vector<RowRange>{{35, 40}}));
}

TEST(RowRanges, AreTheSameAsASetOfNumbers) {
  std::mt19937 dice(5);
  for (int round = 0; round < 300; ++round) {
    RowRanges ranges;
    std::set<std::int64_t> numbers;
    for (int step = 0; step < 12; ++step) {
      auto first = static_cast<std::int64_t>(dice() % 60);
      auto end = first + static_cast<std::int64_t>(dice() % 10);
      ranges.add({first, end});
      for (std::int64_t row = first; row < end; ++row) numbers.insert(row);
      first = static_cast<std::int64_t>(dice() % 60);
      end = first + static_cast<std::int64_t>(dice() % 5);
      ranges.remove({first, end});
      for (std::int64_t row = first; row < end; ++row) numbers.erase(row);
    }
    auto cut = static_cast<std::int64_t>(dice() % 60);
    ranges.forget_before(cut);
    numbers.erase(numbers.begin(), numbers.lower_bound(cut));
    std::set<std::int64_t> got;
    std::int64_t before = -2;
    for (const RowRange& range : ranges.all()) {
      EXPECT_GT(range.first, before) << "in order, none touching";
      before = range.end;
      for (std::int64_t row = range.first; row < range.end; ++row) got.insert(row);
    }
    EXPECT_EQ(got, numbers);
    auto first = static_cast<std::int64_t>(dice() % 60);
    auto end = first + static_cast<std::int64_t>(dice() % 20);
    std::set<std::int64_t> gaps;
    for (const RowRange& range : ranges.missing({first, end})) {
      for (std::int64_t row = range.first; row < range.end; ++row) gaps.insert(row);
    }
    for (std::int64_t row = first; row < end; ++row) EXPECT_EQ(gaps.contains(row), !numbers.contains(row));
  }
}

// A batch of the records 100 to 109, of which 103 and 107 cannot be read; readable rows hold their number.
SourceBatch batch_of_ten(const std::vector<table::Column>& columns) {
  table::AnswerColumns values(&columns, 8);
  SourceBatch batch;
  std::int64_t index = 0;
  for (std::int64_t number = 100; number < 110; ++number) {
    if (number == 103 || number == 107) {
      batch.unreadable.push_back({number, number, "broken", ""});
    } else {
      values.set_int(0, index++, number);
    }
  }
  batch.rows = values.finish();
  batch.position = {100, 2, 50, 1000};
  batch.file = "a.csv";
  return batch;
}

TEST(RowRanges, ABatchIsCutAroundWhatIsDone) {
  std::vector<table::Column> columns = {{"n", {table::TypeId::kInt64, 0, 0}}};
  ArrowSchema empty{};
  OwnedSchema schema = table::extended(empty, columns);
  auto reader = table::RowReader::make(*schema.get()).value();
  std::mt19937 dice(6);
  for (int round = 0; round < 200; ++round) {
    RowRanges done;
    for (int step = 0; step < 2; ++step) {
      auto first = static_cast<std::int64_t>(98 + dice() % 12);
      done.add({first, first + static_cast<std::int64_t>(dice() % 6)});
    }
    std::vector<std::int64_t> got;
    for (const SourceBatch& piece : without(batch_of_ten(columns), done)) {
      EXPECT_EQ(piece.position.row_in_file, piece.position.row - 50);
      EXPECT_EQ(piece.position.byte_offset, piece.position.row == 100 ? 1000 : -1);
      std::vector<std::int64_t> numbers;
      ASSERT_TRUE(reader.look_at(*piece.rows.get()));
      for (std::int64_t row = 0; row < reader.rows(); ++row) {
        std::string text;
        reader.append_text(text, 0, row);
        numbers.push_back(std::stoll(text));
      }
      for (const UnreadableRow& row : piece.unreadable) numbers.push_back(row.row);
      std::ranges::sort(numbers);
      ASSERT_FALSE(numbers.empty());
      EXPECT_EQ(numbers.front(), piece.position.row);
      got.insert(got.end(), numbers.begin(), numbers.end());
    }
    std::vector<std::int64_t> wanted;
    for (const RowRange& gap : done.missing({100, 110})) {
      for (std::int64_t row = gap.first; row < gap.end; ++row) wanted.push_back(row);
    }
    EXPECT_EQ(got, wanted);
  }
}

}  // namespace
}  // namespace rowcall::engine
