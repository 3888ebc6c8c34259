// SPDX-License-Identifier: Apache-2.0
#include "settings/reference.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/disk.h"
#include "settings/load.h"
#include "settings/setting.h"

namespace rowcall::settings {
namespace {

std::filesystem::path root() {
  return ROWCALL_SOURCE_DIR;
}

TEST(Reference, TheFileIsWhatTheTableSays) {
  std::filesystem::path file = root() / "docs" / "settings.md";
  if (::getenv("ROWCALL_WRITE_DOCS") != nullptr) {
    ASSERT_TRUE(make_folder(file.parent_path()));
    ASSERT_TRUE(write_file(file, reference_markdown()));
  }
  auto text = read_file(file);
  ASSERT_TRUE(text) << text.error().text();
  EXPECT_TRUE(*text == reference_markdown()) << "docs/settings.md is not what the table of settings says; "
                                                "run this test once with ROWCALL_WRITE_DOCS=1";
}

TEST(Reference, NamesEverySetting) {
  std::string text = reference_markdown();
  for (const Setting& setting : all()) {
    EXPECT_NE(text.find("\n### " + setting.key + "\n"), std::string::npos) << setting.key;
    EXPECT_TRUE(setting.flag.empty() || text.find("`" + setting.flag) != std::string::npos) << setting.flag;
  }
}

TEST(Examples, TheEnvFileAloneIsAJob) {
  Layers layers;
  layers.env_file = root() / ".env.example";
  auto loaded = load(layers);
  ASSERT_TRUE(loaded) << loaded.error().text();
  // Every variable that settings know is in it, so that a copy shows what there is.
  auto text = read_file(*layers.env_file);
  for (const Setting& setting : all()) {
    for (const std::string& name : setting.environment)
      EXPECT_NE(text->find(name + "="), std::string::npos) << name;
  }
  // What it sets beyond source and endpoint are the defaults.
  Job job;
  job.name = loaded->job.name;
  job.source.paths = loaded->job.source.paths;
  job.request.url = loaded->job.request.url;
  EXPECT_EQ(loaded->job, job);
}

TEST(Examples, TheCitiesJobLoads) {
  Layers layers;
  layers.use_env_file = false;
  layers.job_file = root() / "examples" / "cities" / "job.toml";
  auto alone = load(layers);
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().place, "request.url");
  layers.environment = {{"API_ENDPOINT", "http://127.0.0.1:8080/score"}};
  auto loaded = load(layers);
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->job.name, "cities");
  EXPECT_EQ(loaded->job.response.columns.size(), 2);
}

}  // namespace
}  // namespace rowcall::settings
