// SPDX-License-Identifier: Apache-2.0
#include "ledger/identity.h"

#include <gtest/gtest.h>

namespace rowcall::ledger {
namespace {

TEST(Identity, ChangesOfTheSourceAreNamedFileByFile) {
  std::vector<SourceFile> files = {{"a", 5, "x"}, {"b", 7, "z"}};
  EXPECT_EQ(source_change(files, files), "");
  EXPECT_EQ(source_change(files, {{"a", 6, "x"}, {"b", 7, "y"}}),
            "a had 5 bytes and has 6\nb was written anew");
  EXPECT_EQ(source_change(files, {{"b", 7, "z"}}), "there were 2 files and there are 1\n\"a\" is now \"b\"");
  EXPECT_EQ(source_change(files, {}), "there were 2 files and there are 0");
}

TEST(Identity, ManyChangesAreCounted) {
  std::vector<SourceFile> before(8, {"a", 5, "x"});
  std::vector<SourceFile> now(8, {"a", 6, "x"});
  EXPECT_TRUE(source_change(before, now).ends_with("\nand 3 more"));
}

TEST(Identity, RunIdsAreUuids) {
  std::string id = new_run_id();
  EXPECT_EQ(id.size(), 36u);
  EXPECT_EQ(id[14], '4');
  EXPECT_NE(id, new_run_id());
}

}  // namespace
}  // namespace rowcall::ledger
