// SPDX-License-Identifier: Apache-2.0
#include "ledger/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/disk.h"

namespace rowcall::ledger {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

class RunFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "rowcall-run-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

RunState some_state() {
  RunState state;
  state.identity.run_id = new_run_id();
  state.identity.job = "name = \"x\"\n[limits]\n";
  state.identity.source = {{"a.csv", 123, "etag \"1\""}, {"b.csv", -1, ""}};
  return state;
}

TEST_F(RunFolderTest, ARunIsBegunAndForgotten) {
  auto run = RunFolder::open(folder_ / "deep" / "run");
  ASSERT_TRUE(run) << run.error().text();
  EXPECT_EQ(run->ledger().value(), nullptr);
  RunState begun = some_state();
  ASSERT_TRUE(run->begin(begun));
  auto again = run->ledger();
  ASSERT_TRUE(again) << again.error().text();
  ASSERT_NE(*again, nullptr);
  EXPECT_EQ((*again)->state().value().identity.run_id, begun.identity.run_id);
  again->reset();
  ASSERT_TRUE(run->clear());
  EXPECT_EQ(run->ledger().value(), nullptr);
}

TEST_F(RunFolderTest, ALedgerThatWasNeverFinishedBeingMadeIsNone) {
  auto run = RunFolder::open(folder_);
  ASSERT_TRUE(write_file(run->ledger_file(), ""));
  EXPECT_EQ(run->ledger().value(), nullptr);
  ASSERT_TRUE(run->begin(some_state()));
  EXPECT_NE(run->ledger().value(), nullptr);
}

TEST_F(RunFolderTest, ARunFromBeforeTheLedgerGoesOn) {
  auto run = RunFolder::open(folder_);
  ASSERT_TRUE(write_file(
      folder_ / "state.json",
      R"({"version":1,"run_id":"r","complete":false,"source":[{"name":"a.csv","bytes":5,"version":"v"}],)"
      R"("commit":{"parts":3,"failure_parts":1,"next":{"row":1000,"file":1,"row_in_file":400,"byte_offset":77},)"
      R"("counts":{"rows":1000,"ok":990,"no_match":0,"failed":10,"unreadable":0,"skipped":0}},"job":"j"})"));
  {
    auto ledger = run->ledger();
    ASSERT_TRUE(ledger) << ledger.error().text();
    ASSERT_NE(*ledger, nullptr);
  }
  EXPECT_FALSE(fs::exists(folder_ / "state.json"));
  auto ledger = run->ledger();
  RunState state = (*ledger)->state().value();
  EXPECT_EQ(state.identity.run_id, "r");
  EXPECT_EQ(state.identity.source.at(0).version, "v");
  EXPECT_EQ(state.commit.parts, 3);
  EXPECT_EQ(state.commit.next.byte_offset, 77);
  EXPECT_EQ(state.commit.counts[Ending::kOk], 990);
}

TEST_F(RunFolderTest, OneRunAtATime) {
  auto first = RunFolder::open(folder_);
  ASSERT_TRUE(first);
  auto second = RunFolder::open(folder_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text(), HasSubstr("another run is using"));
  EXPECT_TRUE(RunFolder::is_running(folder_));
  EXPECT_FALSE(RunFolder::is_running(folder_ / "nothing"));
  RunFolder moved = *std::move(first);
  EXPECT_FALSE(RunFolder::open(folder_));
}

TEST_F(RunFolderTest, ACrashLeavesNoLockBehind) {
  pid_t child = ::fork();
  if (child == 0) {
    auto run = RunFolder::open(folder_);
    ::_exit(run ? 0 : 1);  // without any destructor
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(RunFolder::open(folder_));
}

TEST_F(RunFolderTest, WhatIsNoRunIsSaidSo) {
  auto none = RunFolder::open_existing(folder_ / "nothing");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
}

TEST_F(RunFolderTest, DamageOfAnOldStateIsFound) {
  auto run = RunFolder::open(folder_);
  for (std::string broken : {"{", "{\"version\":1}", "[]"}) {
    ASSERT_TRUE(write_file(folder_ / "state.json", broken));
    auto ledger = run->ledger();
    ASSERT_FALSE(ledger) << broken;
    EXPECT_THAT(ledger.error().text(), HasSubstr("state.json"));
    EXPECT_THAT(ledger.error().text(), HasSubstr("--fresh"));
  }
  ASSERT_TRUE(write_file(folder_ / "state.json", "{\"version\":99}"));
  EXPECT_THAT(run->ledger().error().text(), HasSubstr("version 99"));
}

}  // namespace
}  // namespace rowcall::ledger
