// SPDX-License-Identifier: Apache-2.0
#include "base/disk.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace rowcall {
namespace {
namespace fs = std::filesystem;

class Disk : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "rowcall-disk-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(Disk, WhatIsWrittenIsRead) {
  ASSERT_TRUE(make_folder(folder_ / "a" / "b"));
  ASSERT_TRUE(write_file(folder_ / "a" / "b" / "f", "one"));
  ASSERT_TRUE(write_file(folder_ / "a" / "b" / "f", std::string(200'000, 'x')));
  EXPECT_EQ(read_file(folder_ / "a" / "b" / "f").value().size(), 200'000u);
}

TEST_F(Disk, NothingIsLeftBesideTheFile) {
  ASSERT_TRUE(write_file(folder_ / "f", "one"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(Disk, ErrorsNameTheFileAndTheCure) {
  auto missing = read_file(folder_ / "missing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().text().find("missing"), std::string::npos);
  EXPECT_EQ(disk_error("x", "writing", ENOSPC).code, ErrorCode::kStorage);
  EXPECT_NE(disk_error("x", "writing", ENOSPC).mend.find("Free some space"), std::string::npos);
  EXPECT_EQ(disk_error("x", "writing", EACCES).code, ErrorCode::kDenied);
}

TEST_F(Disk, AFullDiskLeavesTheOldContent) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
  ASSERT_TRUE(write_file(folder_ / "f", "old"));
  // The temporary file is a link to the device that is always full.
  fs::create_symlink("/dev/full", folder_ / "f.tmp");
  auto written = write_file(folder_ / "f", "new");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kStorage);
  EXPECT_EQ(read_file(folder_ / "f").value(), "old");
}

}  // namespace
}  // namespace rowcall
