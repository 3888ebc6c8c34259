// SPDX-License-Identifier: Apache-2.0
#include "files/record_batches.h"

#include <gtest/gtest.h>

#include <string>

#include "files/sinks_for_tests.h"

namespace rowcall::files {
namespace {

const Place kPlace{false, "t", "t"};

std::int64_t rows_of(const RecordBatches& batches) {
  std::int64_t rows = 0;
  for (const auto& batch : batches) rows += batch->num_rows();
  return rows;
}

TEST(Gatherer, LargeBatchesPassAndSmallOnesArePutTogether) {
  Gatherer gatherer(numbered_schema());
  auto all = numbered(0, 1000);
  auto large = gatherer.add(exported(*all->Slice(0, 600)), kPlace);
  ASSERT_TRUE(large);
  ASSERT_EQ(large->size(), 1U);
  EXPECT_TRUE(large->at(0)->Equals(*all->Slice(0, 600)));
  EXPECT_TRUE(gatherer.add(exported(*all->Slice(600, 1)), kPlace)->empty());
  EXPECT_TRUE(gatherer.add(exported(*all->Slice(601, 0)), kPlace)->empty());
  EXPECT_TRUE(gatherer.add(exported(*all->Slice(601, 99)), kPlace)->empty());
  RecordBatches rest = gatherer.take();
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_TRUE(rest[0]->Equals(*all->Slice(600, 100)));
  EXPECT_TRUE(gatherer.take().empty());
}

TEST(Gatherer, HoldsFewSlices) {
  Gatherer gatherer(numbered_schema());
  auto all = numbered(0, 200);
  std::int64_t given = 0;
  for (std::int64_t row = 0; row < 200; ++row) {
    auto now = gatherer.add(exported(*all->Slice(row, 1)), kPlace);
    ASSERT_TRUE(now);
    given += rows_of(*now);
    EXPECT_LE(row + 1 - given, 64);
  }
  EXPECT_EQ(given + rows_of(gatherer.take()), 200);
}

TEST(Gatherer, HoldsFewBytes) {
  auto schema = arrow::schema({arrow::field("body", arrow::utf8())});
  auto large = batch_of(schema, "[{\"body\": \"" + std::string(9 << 20, 'x') + "\"}]");
  Gatherer gatherer(schema);
  EXPECT_TRUE(gatherer.add(exported(*large), kPlace)->empty());
  EXPECT_EQ(rows_of(*gatherer.add(exported(*large), kPlace)), 2);
}

}  // namespace
}  // namespace rowcall::files
