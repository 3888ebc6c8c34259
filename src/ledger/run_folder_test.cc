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
  state.run_id = new_run_id();
  state.job = "name = \"x\"\n[limits]\n";
  state.source = {{"a.csv", 123, "etag \"1\""}, {"b.csv", -1, ""}};
  state.commit.parts = 3;
  state.commit.failure_parts = 1;
  state.commit.next = {1000, 1, 400, 77, 12};
  state.commit.counts.rows = 1000;
  state.commit.counts[Ending::kOk] = 990;
  state.commit.counts[Ending::kFailed] = 10;
  return state;
}

TEST_F(RunFolderTest, StateIsReadAsItWasSaved) {
  auto run = RunFolder::open(folder_ / "deep" / "run");
  ASSERT_TRUE(run) << run.error().text();
  EXPECT_FALSE(run->state().value().has_value());
  RunState saved = some_state();
  ASSERT_TRUE(run->save(saved));
  RunState read = run->state().value().value();
  EXPECT_EQ(read.text(), saved.text());
  EXPECT_EQ(read.commit.next.byte_offset, 77);
  EXPECT_EQ(read.commit.next.line, saved.commit.next.line);
  ASSERT_TRUE(run->clear());
  EXPECT_FALSE(run->state().value().has_value());
}

TEST_F(RunFolderTest, OneRunAtATime) {
  auto first = RunFolder::open(folder_);
  ASSERT_TRUE(first);
  auto second = RunFolder::open(folder_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text(), HasSubstr("another run is using"));
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

TEST_F(RunFolderTest, DamageIsFound) {
  auto run = RunFolder::open(folder_);
  std::string text = some_state().text();
  for (std::string broken : {std::string("{"), text.substr(0, text.size() / 2),
                             std::string("{\"version\":1}"), std::string("[]")}) {
    ASSERT_TRUE(write_file(folder_ / "state.json", broken));
    auto state = run->state();
    ASSERT_FALSE(state) << broken;
    EXPECT_THAT(state.error().text(), HasSubstr("state.json"));
    EXPECT_THAT(state.error().text(), HasSubstr("--fresh"));
  }
  ASSERT_TRUE(write_file(folder_ / "state.json", "{\"version\":99}"));
  EXPECT_THAT(run->state().error().text(), HasSubstr("version 99"));
}

TEST_F(RunFolderTest, ChangesOfTheSourceAreNamed) {
  std::vector<SourceFile> files = {{"a", 5, "x"}};
  EXPECT_EQ(source_change(files, files), "");
  EXPECT_EQ(source_change(files, {{"a", 6, "x"}}), "a had 5 bytes and has 6");
  EXPECT_EQ(source_change(files, {{"a", 5, "y"}}), "a was written anew");
  EXPECT_EQ(source_change(files, {{"b", 5, "x"}}), "\"a\" is now \"b\"");
  EXPECT_EQ(source_change(files, {}), "there were 1 files and there are 0");
}

}  // namespace
}  // namespace rowcall::ledger
