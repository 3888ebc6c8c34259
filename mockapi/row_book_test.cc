// SPDX-License-Identifier: Apache-2.0
#include "mockapi/row_book.h"

#include <gtest/gtest.h>

#include "mockapi/digest.h"

namespace rowcall::mockapi {
namespace {

TEST(RowBook, CountsArrivalsAndAnswersByRow) {
  RowBook book(1000);
  EXPECT_EQ(book.arrived(1, 77).arrivals, 0u);
  EXPECT_EQ(book.arrived(1, 77).arrivals, 1u);
  EXPECT_EQ(book.arrived(1, 77).arrivals, 2u);
  EXPECT_EQ(book.arrived(2, 77).arrivals, 0u);
  for (int i = 0; i < 3; ++i) book.answered(1);
  book.answered(2);
  EXPECT_EQ(book.counts().unique, 2);
  EXPECT_EQ(book.counts().arrived_twice, 1);
  EXPECT_EQ(book.counts().answered, 2);
  EXPECT_EQ(book.counts().answered_twice, 1);
}

TEST(RowBook, NoticesAnotherBody) {
  RowBook book(1000);
  const std::uint64_t body = digest("a");
  EXPECT_FALSE(book.arrived(1, body).other_body);
  EXPECT_FALSE(book.arrived(1, body).other_body);
  EXPECT_TRUE(book.arrived(1, digest("b")).other_body);
  EXPECT_FALSE(book.arrived(1, body).other_body);
}

TEST(RowBook, AFullBookStaysFull) {
  RowBook book(3);
  for (std::uint64_t row = 1; row <= 5; ++row) book.arrived(row, 0);
  EXPECT_EQ(book.arrived(5, 0).arrivals, 0u);
  EXPECT_EQ(book.arrived(3, 0).arrivals, 1u);
  book.answered(5);
  EXPECT_EQ(book.counts().unique, 3);
  EXPECT_EQ(book.counts().not_tracked, 3);
  EXPECT_EQ(book.counts().answered, 0);
}

TEST(RowBook, ManyRowsStayApart) {
  RowBook book(1 << 20);
  for (std::uint64_t i = 0; i < 300'000; ++i) book.arrived(stirred(i), i);
  for (std::uint64_t i = 0; i < 300'000; ++i) ASSERT_EQ(book.arrived(stirred(i), i << 34).arrivals, 1u);
  EXPECT_EQ(book.counts().unique, 300'000);
}

TEST(Digest, IsTheSameEverywhere) {
  // Fixed numbers: scores already written to tables depend on them.
  EXPECT_EQ(digest(""), stirred(0));
  EXPECT_EQ(digest("{\"id\":1}"), digest(std::string("{\"id\":") + "1}"));
}

TEST(Digest, SmallChangesChangeEverything) {
  const std::string text(100, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = 'y';
    int bits = std::popcount(digest(text) ^ digest(other));
    EXPECT_GT(bits, 10) << i;
    EXPECT_LT(bits, 54) << i;
  }
  EXPECT_NE(digest("a"), digest(std::string("a\0", 2)));
  EXPECT_NE(digest("a", 1), digest("a", 2));
  EXPECT_NE(joined(1, 2), joined(2, 1));
}

TEST(Digest, SharesAreUniform) {
  int low = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) low += share_of(joined(7, i)) < 0.02;
  EXPECT_NEAR(low, 2000, 200);
}

}  // namespace
}  // namespace rowcall::mockapi
