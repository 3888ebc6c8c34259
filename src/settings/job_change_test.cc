// SPDX-License-Identifier: Apache-2.0
#include "settings/job_change.h"

#include <gtest/gtest.h>

#include "settings/job_text.h"

namespace rowcall::settings {
namespace {

TEST(JobChange, NamesEverySettingThatDiffers) {
  Job before;
  before.request.url = "https://api.test/a";
  Job now = before;
  EXPECT_TRUE(changes(before, now).empty());
  now.request.url = "https://api.test/b";
  now.limits.rate = {{100, 1s}};
  now.response.raw = true;
  now.sink.path = "out/";
  std::vector<Change> found = changes(before, now);
  ASSERT_EQ(found.size(), 4u);
  auto weight = [&](const std::string& key) {
    for (const Change& change : found) {
      if (change.key == key) return change.weight;
    }
    ADD_FAILURE() << key;
    return Weight::kPace;
  };
  EXPECT_EQ(weight("request.url"), Weight::kContent);
  EXPECT_EQ(weight("limits.rate"), Weight::kPace);
  EXPECT_EQ(weight("response.raw"), Weight::kShape);
  EXPECT_EQ(weight("sink.path"), Weight::kShape);
  for (const Change& change : found) {
    if (change.key == "request.url") {
      EXPECT_EQ(change.text(), "request.url was \"https://api.test/a\" and is \"https://api.test/b\"");
    }
  }
}

TEST(JobChange, TheRunDirectoryMayBeAnother) {
  Job before;
  before.run.dir = "runs/lost";
  Job now = before;
  now.run.dir = "runs/new";
  now.run.seed = 1;
  std::vector<Change> found = changes(before, now);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].key, "run.seed");
}

TEST(JobChange, AFrozenJobIsTheJob) {
  Job job;
  job.name = "cities";
  job.request.url = "https://api.test/{{id}}";
  job.response.columns = {{"score", "/score", "int64", true}};
  job.limits.rate = {{100, 1s}, {5000, 24h}};
  auto again = job_of_toml(to_toml(job), "job.toml");
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_TRUE(changes(job, *again).empty());
  EXPECT_EQ(*again, job);
}

}  // namespace
}  // namespace rowcall::settings
