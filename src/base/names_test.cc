// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "rowcall/error.h"
#include "rowcall/outcome.h"
#include "rowcall/report.h"

namespace rowcall {
namespace {

TEST(Names, EveryValueHasItsWord) {
  EXPECT_STREQ(name_of(ErrorCode::kSetting), "setting");
  EXPECT_STREQ(name_of(ErrorCode::kInternal), "internal");
  EXPECT_STREQ(name_of(OutcomeClass::kFatal), "fatal");
  EXPECT_STREQ(name_of(TransportError::kCancelled), "cancelled");
  EXPECT_STREQ(name_of(Ending::kSkipped), "skipped");
  EXPECT_STREQ(name_of(RunEnd::kFailed), "failed");
}

TEST(Names, ErrorTextLeavesOutWhatIsEmpty) {
  Error whole{ErrorCode::kInput, "a.csv line 7", "5 fields", "4 fields", "Mend the line."};
  EXPECT_EQ(whole.text(), "a.csv line 7: 5 fields; expected 4 fields. Mend the line.");
  Error bare{ErrorCode::kInput, "", "the file is empty", "", ""};
  EXPECT_EQ(bare.text(), "the file is empty");
}

TEST(Counts, EndedIsTheSumOfEndings) {
  Counts counts;
  counts[Ending::kOk] = 5;
  counts[Ending::kSkipped] = 2;
  EXPECT_EQ(counts.ended(), 7);
}

}  // namespace
}  // namespace rowcall
