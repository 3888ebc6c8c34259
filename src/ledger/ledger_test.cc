// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/disk.h"
#include "ledger/segment.h"

namespace rowcall::ledger {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

Segment segment(std::int64_t first, std::int64_t count, const std::string& value = "value") {
  SegmentWriter writer;
  for (std::int64_t row = first; row < first + count; ++row) writer.add({row, Ending::kOk, value});
  return writer.take()[0];
}

class LedgerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "rowcall-ledger-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    file_ = folder_ / "ledger.db";
  }
  void TearDown() override { fs::remove_all(folder_); }

  static RunState begun() {
    RunState state;
    state.identity = {"run", "job", {{"a.csv", 5, "v1"}, {"b.csv", -1, ""}}};
    return state;
  }
  // A ledger with two parts and answers for the rows from 100 on.
  std::unique_ptr<Ledger> filled() {
    auto ledger = Ledger::create(file_, begun());
    EXPECT_TRUE(ledger) << ledger.error().text();
    EXPECT_TRUE((*ledger)->keep({segment(0, 50), segment(100, 20)}, {150, 30}));
    Commit commit;
    commit.part = {"out/1.parquet", 50, 1234};
    commit.parts = 1;
    EXPECT_TRUE((*ledger)->commit(commit));
    commit.part = {"out/2.parquet", 49, 1111};
    commit.parts = 2;
    commit.failure_parts = 1;
    commit.next = {100, 1, 40, 4711, 42};
    commit.counts.rows = 100;
    commit.counts[Ending::kOk] = 99;
    commit.counts[Ending::kFailed] = 1;
    EXPECT_TRUE((*ledger)->commit(commit));
    return *std::move(ledger);
  }
  void run_sql(const char* sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  fs::path folder_;
  fs::path file_;
};

TEST_F(LedgerTest, SaysWhatItWasTold) {
  filled();
  auto ledger = Ledger::open(file_);
  ASSERT_TRUE(ledger) << ledger.error().text();
  RunState state = (*ledger)->state().value();
  EXPECT_EQ(state.identity.run_id, "run");
  EXPECT_EQ(state.identity.job, "job");
  ASSERT_EQ(state.identity.source.size(), 2u);
  EXPECT_EQ(state.identity.source[1].bytes, -1);
  EXPECT_FALSE(state.complete);
  EXPECT_EQ(state.commit.parts, 2);
  EXPECT_EQ(state.commit.failure_parts, 1);
  EXPECT_EQ(state.commit.next.row, 100);
  EXPECT_EQ(state.commit.next.file, 1);
  EXPECT_EQ(state.commit.next.row_in_file, 40);
  EXPECT_EQ(state.commit.next.byte_offset, 4711);
  EXPECT_EQ(state.commit.next.line, 42);
  EXPECT_EQ(state.commit.counts[Ending::kOk], 99);
  ASSERT_EQ(state.parts.size(), 2u);
  EXPECT_EQ(state.parts[1].path, "out/2.parquet");
  EXPECT_EQ(state.parts[1].bytes, 1111);
  EXPECT_EQ(state.mark.before, 150);
  EXPECT_EQ(state.mark.under_way, 30);
  EXPECT_EQ(state.answers, 20) << "those of rows in parts are gone";
  EXPECT_EQ(state.kept_before, 120);
}

TEST_F(LedgerTest, IsMadeWholeOfARunThatIsKnownAlready) {
  RunState known = begun();
  known.commit.parts = 2;
  known.commit.next.row = 10;
  known.commit.beyond = {{20, 30}};
  known.parts = {{"out/1.csv", 10, 100}, {"out/2.csv", 10, 90}};
  int pieces = 2;
  auto kept = [&]() -> std::vector<Segment> {
    if (pieces-- == 0) return {};
    return {segment(10 + 8 * pieces, 5)};  // rows 18 to 22, then 10 to 14
  };
  auto ledger = Ledger::create(file_, known, kept);
  ASSERT_TRUE(ledger) << ledger.error().text();
  RunState state = (*ledger)->state().value();
  ASSERT_EQ(state.parts.size(), 2u);
  EXPECT_EQ(state.parts[1].path, "out/2.csv");
  EXPECT_EQ(state.commit.parts, 2);
  EXPECT_EQ(state.answers, 5 + 2) << "rows 20 to 22 are in a part";
  EXPECT_EQ(state.kept_before, 20);
}

TEST_F(LedgerTest, GivesTheSegmentsOfARange) {
  auto ledger = filled();
  EXPECT_TRUE(ledger->read({0, 100}).value().empty());
  EXPECT_TRUE(ledger->read({120, 1000}).value().empty());
  auto segments = ledger->read({119, 125}).value();
  ASSERT_EQ(segments.size(), 1u);
  SegmentReader reader(segments[0]);
  EXPECT_EQ(reader.next()->row, 100);
}

TEST_F(LedgerTest, AnswersOfRowsBeyondTheFirstOpenOneGoWithTheirPart) {
  auto ledger = filled();
  ASSERT_TRUE(ledger->keep({segment(200, 10), segment(205, 20)}, {}));
  Commit commit;
  commit.next.row = 100;
  commit.beyond = {{110, 115}, {200, 220}};
  ASSERT_TRUE(ledger->commit(commit));
  RunState state = ledger->state().value();
  EXPECT_EQ(state.commit.beyond, commit.beyond);
  EXPECT_EQ(state.answers, 15 + 5);
  EXPECT_EQ(state.kept_before, 225);
  EXPECT_TRUE(ledger->read({200, 205}).value().empty());
}

TEST_F(LedgerTest, ACompleteRunKeepsNoAnswers) {
  auto ledger = filled();
  ASSERT_TRUE(ledger->complete());
  RunState state = ledger->state().value();
  EXPECT_TRUE(state.complete);
  EXPECT_EQ(state.answers, 0);
  EXPECT_EQ(state.mark.under_way, 0);
  EXPECT_EQ(state.parts.size(), 2u);
}

TEST_F(LedgerTest, IsReadWhileItIsWritten) {
  auto ledger = filled();
  auto reader = Ledger::open_to_read(file_);
  ASSERT_TRUE(reader) << reader.error().text();
  EXPECT_EQ((*reader)->state().value().answers, 20);
  ASSERT_TRUE(ledger->keep({segment(120, 5)}, {}));
  EXPECT_EQ((*reader)->state().value().answers, 25);
}

TEST_F(LedgerTest, WhatWasKeptOutlivesAKill) {
  pid_t child = ::fork();
  if (child == 0) {
    auto ledger = Ledger::create(file_, begun());
    bool kept = ledger && (*ledger)->keep({segment(0, 50)}, {50, 0});
    ::_exit(kept ? 0 : 1);  // without closing anything
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(Ledger::open(file_).value()->state().value().answers, 50);
}

TEST_F(LedgerTest, ChangedValuesAreFoundInEveryTable) {
  for (const char* change :
       {"UPDATE run SET run_id = 'ruN'", "UPDATE source_file SET bytes = 6 WHERE number = 0",
        "UPDATE progress SET next_row = 101", "UPDATE progress SET beyond = '7-8'",
        "UPDATE part SET rows = 51 WHERE number = 1", "UPDATE mark SET before = 151",
        "UPDATE answers SET rows = 21", "DELETE FROM mark", "DELETE FROM progress", "DELETE FROM run"}) {
    fs::remove(file_);
    filled();
    run_sql(change);
    auto ledger = Ledger::open(file_);
    ASSERT_TRUE(ledger);
    auto state = (*ledger)->state();
    ASSERT_FALSE(state) << change;
    EXPECT_THAT(state.error().text(), HasSubstr("damaged"));
    EXPECT_THAT(state.error().text(), HasSubstr("ledger.db"));
  }
}

// Flips every bit in turn of every 149th byte of the file: it is found, or changes nothing.
TEST_F(LedgerTest, AFlippedBitIsNeverSilentlyUsed) {
  {
    auto ledger = filled();
  }
  std::string whole = read_file(file_).value();
  ASSERT_FALSE(fs::exists(file_.string() + "-wal")) << "closing moves everything into the file";
  int found = 0;
  int tried = 0;
  for (std::size_t at = 0; at < whole.size(); at += 149) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (tried % 8)));
    ++tried;
    ASSERT_TRUE(write_file(file_, flipped));
    auto ledger = Ledger::open(file_);
    if (!ledger) {
      ++found;
      continue;
    }
    ASSERT_TRUE(*ledger) << "the file has tables in it";
    auto state = (*ledger)->state();
    if (!state) {
      ++found;
      continue;
    }
    EXPECT_EQ(state->commit.next.row, 100) << at;
    EXPECT_EQ(state->commit.parts, 2) << at;
    EXPECT_EQ(state->parts.size(), 2u) << at;
    EXPECT_EQ(state->answers, 20) << at;
    EXPECT_EQ(state->identity.run_id, "run") << at;
  }
  EXPECT_GT(found, 10) << "of " << tried;
}

TEST_F(LedgerTest, DamagedAnswersMayBeDropped) {
  {
    auto ledger = filled();
    ASSERT_TRUE(ledger->keep({segment(120, 7)}, {}));
  }
  run_sql("UPDATE answers SET data = substr(data, 1, 10) WHERE first_row = 100");
  auto ledger = Ledger::open(file_).value();
  auto state = ledger->state();
  ASSERT_FALSE(state);
  EXPECT_THAT(state.error().text(), HasSubstr("rows 101 to 120"));
  EXPECT_THAT(state.error().text(), HasSubstr("--drop-damaged"));
  EXPECT_EQ(ledger->drop_damaged().value(), 1);
  EXPECT_EQ(ledger->state().value().answers, 7);
}

TEST_F(LedgerTest, OfOtherVersionsAndProgramsIsRefused) {
  filled();
  run_sql("PRAGMA user_version = 2");
  auto newer = Ledger::open(file_);
  ASSERT_FALSE(newer);
  EXPECT_THAT(newer.error().text(), HasSubstr("version 2"));
  run_sql("PRAGMA user_version = 1; PRAGMA application_id = 7");
  EXPECT_THAT(Ledger::open(file_).error().text(), HasSubstr("another program"));
  ASSERT_TRUE(write_file(file_, "this is no database, but a file that somebody put here by mistake"));
  EXPECT_THAT(Ledger::open(file_).error().text(), HasSubstr("damaged"));
  EXPECT_EQ(Ledger::open(folder_ / "nothing.db").value(), nullptr);
}

TEST_F(LedgerTest, WhatTheUserAcceptsIsTheRunFromNowOn) {
  auto ledger = filled();
  Identity now = ledger->state().value().identity;
  now.job = "another job";
  now.source.resize(1);
  ASSERT_TRUE(ledger->accept(now));
  EXPECT_EQ(ledger->state().value().identity.job, "another job");
  EXPECT_EQ(ledger->state().value().identity.source.size(), 1u);
  EXPECT_EQ(ledger->state().value().commit.parts, 2);
}

}  // namespace
}  // namespace rowcall::ledger
