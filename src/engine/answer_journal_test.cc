// SPDX-License-Identifier: Apache-2.0
#include "engine/answer_journal.h"

#include <gtest/gtest.h>

#include "base/try.h"

namespace rowcall::engine {
namespace {

const std::vector<table::Column> kColumns = {{"score", {table::TypeId::kInt64, 0, 0}},
                                             {"label", {table::TypeId::kString, 0, 0}}};

// The records 10 to 15, of which 12 cannot be read.
HeldBatch batch_from_ten() {
  std::vector<table::Column> input = {{"n", {table::TypeId::kInt64, 0, 0}}};
  SourceBatch batch;
  batch.rows = table::AnswerColumns(&input, 5).finish();
  batch.position = {10, 0, 10, -1};
  batch.unreadable.push_back({12, 12, "broken", ""});
  return HeldBatch(std::move(batch), 0, &kColumns);
}

struct Kept {
  std::vector<Segment> segments;
  SendMark mark;
  int syncs = 0;
  bool fails = false;

  Journal journal() {
    Journal made;
    made.keep = [this](const std::vector<Segment>& more, const SendMark& now) -> Result<void> {
      if (fails) return failure({ErrorCode::kStorage, "disk", "full", "", ""});
      segments.insert(segments.end(), more.begin(), more.end());
      mark = now;
      ++syncs;
      return {};
    };
    return made;
  }
};

TEST(AnswerJournal, RowsComeBackAsTheyEnded) {
  Kept kept;
  Journal host = kept.journal();
  AnswerJournal journal(host);
  HeldBatch before = batch_from_ten();
  before.answers.set_int(0, 1, 42);
  ASSERT_TRUE(before.answers.set_text(1, 1, "good"));
  before.end(1, Ending::kOk);
  journal.note_answer(before, 1, Ending::kOk);
  before.end(2, Ending::kNoMatch);
  journal.note_answer(before, 2, Ending::kNoMatch);
  before.fail({4, "permanent", 422, 3, "no such place", "{}"});
  journal.note_failure(before, before.failed.back());
  ASSERT_TRUE(journal.sync());
  EXPECT_EQ(kept.syncs, 1) << "one for all";
  ASSERT_TRUE(journal.sync());
  EXPECT_EQ(kept.syncs, 1) << "nothing new";

  HeldBatch after = batch_from_ten();
  Counts counts;
  ASSERT_TRUE(AnswerJournal::restore(kept.segments, after, counts));
  EXPECT_EQ(after.endings[0], std::nullopt);
  EXPECT_EQ(after.endings[1], Ending::kOk);
  EXPECT_EQ(after.endings[2], Ending::kNoMatch);
  EXPECT_EQ(after.endings[3], std::nullopt);
  EXPECT_EQ(after.endings[4], Ending::kFailed);
  EXPECT_EQ(counts[Ending::kOk], 1);
  EXPECT_EQ(counts[Ending::kFailed], 1);
  ASSERT_EQ(after.failed.size(), 1u);
  EXPECT_EQ(after.failed[0].error_class, "permanent");
  EXPECT_EQ(after.failed[0].status, 422);
  EXPECT_EQ(after.failed[0].attempts, 3);
  EXPECT_EQ(after.failed[0].message, "no such place");
  EXPECT_EQ(after.failed[0].body_excerpt, "{}");
  EXPECT_EQ(after.open, 2);
}

TEST(AnswerJournal, WhatCouldNotBeSyncedIsSyncedLater) {
  Kept kept;
  Journal host = kept.journal();
  AnswerJournal journal(host);
  HeldBatch batch = batch_from_ten();
  batch.end(0, Ending::kNoMatch);
  journal.note_answer(batch, 0, Ending::kNoMatch);
  journal.set_mark({100, 3});
  kept.fails = true;
  EXPECT_FALSE(journal.sync());
  EXPECT_EQ(journal.durable_before(), 0);
  kept.fails = false;
  batch.end(1, Ending::kNoMatch);
  journal.note_answer(batch, 1, Ending::kNoMatch);
  ASSERT_TRUE(journal.sync());
  std::int64_t rows = 0;
  for (const Segment& segment : kept.segments) rows += segment.rows;
  EXPECT_EQ(rows, 2);
  EXPECT_EQ(kept.mark.under_way, 3);
  EXPECT_EQ(journal.durable_before(), 100);
}

TEST(AnswerJournal, AMarkIsNewsUntilItIsDurable) {
  Kept kept;
  Journal host = kept.journal();
  host.mark = {0, 30};  // of a run that was killed
  AnswerJournal journal(host);
  EXPECT_TRUE(journal.durable_under_way());
  EXPECT_TRUE(journal.has_news()) << "nothing is under way any more";
  ASSERT_TRUE(journal.sync());
  EXPECT_FALSE(journal.durable_under_way());
  EXPECT_FALSE(journal.has_news());
  journal.set_mark({0, 1});
  kept.fails = true;
  EXPECT_FALSE(journal.sync());
  EXPECT_FALSE(journal.durable_under_way());
  EXPECT_TRUE(journal.has_news());
  kept.fails = false;
  ASSERT_TRUE(journal.sync());
  EXPECT_TRUE(journal.durable_under_way());
  EXPECT_EQ(kept.mark, (SendMark{0, 1}));
}

TEST(AnswerJournal, OtherColumnsAreNotRestored) {
  Kept kept;
  Journal host = kept.journal();
  AnswerJournal journal(host);
  HeldBatch before = batch_from_ten();
  ASSERT_TRUE(before.answers.set_text(1, 0, "text"));
  before.end(0, Ending::kOk);
  journal.note_answer(before, 0, Ending::kOk);
  ASSERT_TRUE(journal.sync());
  kept.segments[0].data[3] = 0x7f;  // a column that there is not
  HeldBatch after = batch_from_ten();
  Counts counts;
  EXPECT_FALSE(AnswerJournal::restore(kept.segments, after, counts));
}

TEST(AnswerJournal, WithoutAHostNothingIsNoted) {
  Journal host;
  AnswerJournal journal(host);
  HeldBatch batch = batch_from_ten();
  batch.end(0, Ending::kNoMatch);
  journal.note_answer(batch, 0, Ending::kNoMatch);
  journal.set_mark({5, 5});
  EXPECT_FALSE(journal.on());
  EXPECT_FALSE(journal.has_news());
  EXPECT_FALSE(journal.may_hold({0, 10}));
  EXPECT_TRUE(journal.sync());
}

}  // namespace
}  // namespace rowcall::engine
