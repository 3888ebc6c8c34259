// SPDX-License-Identifier: Apache-2.0
#include "settings/setting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/parse.h"
#include "settings/job_text.h"
#include "settings/load.h"
#include "settings/samples_for_tests.h"
#include "settings/test_folder.h"
#include "settings/toml_file.h"

namespace rowcall::settings {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const Sample* sample_of(const std::string& key) {
  auto found = std::ranges::find_if(samples(), [&](const Sample& sample) { return key == sample.key; });
  return found == samples().end() ? nullptr : &*found;
}

// One test for each setting of the table.
class EverySetting : public testing::TestWithParam<const Setting*> {
 protected:
  void SetUp() override {
    sample_ = sample_of(setting().key);
    ASSERT_NE(sample_, nullptr) << "give " << setting().key << " a sample in samples_for_tests.cc";
    layers_.job_file = folder_.file("small.toml", kSmallJob);
    layers_.use_env_file = false;
    layers_.sets = sample_->also;
  }

  const Setting& setting() const { return *GetParam(); }

  // Loads with and without what `change` adds: the field has its value, and no other setting moved.
  template <class Change>
  void expect_set_by(Change change) {
    Layers plain = layers_;
    plain.sets = {};
    auto before = load(plain);
    ASSERT_TRUE(before) << before.error().text();
    EXPECT_FALSE(sample_->holds(before->job)) << "the sample is the default";
    change(layers_);
    auto after = load(layers_);
    ASSERT_TRUE(after) << after.error().text();
    EXPECT_TRUE(sample_->holds(after->job)) << toml_text(setting().get(after->job));
    for (const Setting& other : all()) {
      bool needed = std::ranges::any_of(
          sample_->also, [&](const std::string& set) { return set.starts_with(other.key + "="); });
      if (&other == &setting() || needed) continue;
      EXPECT_EQ(other.get(after->job), other.get(before->job)) << other.key;
    }
    EXPECT_NE(after->places.of(setting().key), setting().key) << "its place is not known";
  }

  TestFolder folder_;
  const Sample* sample_ = nullptr;
  Layers layers_;
};

TEST_P(EverySetting, IsSetByTheJobFile) {
  Job job;
  Places places;
  std::string section(setting().section());
  std::string text =
      (section.empty() ? "" : "[" + section + "]\n") + std::string(setting().name()) + " = " + sample_->toml;
  auto done = apply_job_text(text, "job.toml", job, places);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(sample_->holds(job));
  EXPECT_EQ(places.of(setting().key),
            "job.toml line " + std::string(section.empty() ? "1" : "2") + ": " + setting().key);
}

TEST_P(EverySetting, IsSetByTheSetFlag) {
  expect_set_by([&](Layers& layers) { layers.sets.push_back(setting().key + "=" + sample_->toml); });
}

TEST_P(EverySetting, IsSetByItsOwnFlag) {
  if (setting().flag.empty()) return;
  expect_set_by([&](Layers& layers) {
    for (const std::string& text : sample_->given) layers.flags.push_back({setting().flag, text});
  });
}

TEST_P(EverySetting, IsSetByItsVariable) {
  if (setting().environment.size() != 1) return;
  ASSERT_THAT(sample_->given, SizeIs(1));
  expect_set_by([&](Layers& layers) {
    layers.environment = {{setting().environment.front(), sample_->given.front()}};
  });
}

TEST_P(EverySetting, IsSetByItsNameInTheEnvFile) {
  if (setting().environment.size() != 1) return;
  expect_set_by([&](Layers& layers) {
    layers.env_file =
        folder_.file("my.env", setting().environment.front() + "=\"" + sample_->given.front() + "\"\n");
  });
}

TEST_P(EverySetting, IsSetByATextOrATextPerEntry) {
  if (sample_->given.empty() || (sample_->given.size() > 1 && !setting().set_entry)) return;
  if (sample_->given.front().empty()) return;
  expect_set_by([&](Layers& layers) {
    for (const std::string& text : sample_->given) {
      layers.sets.push_back(setting().key + (setting().set_entry ? "." : "=") + text);
    }
  });
}

TEST_P(EverySetting, IsSetByAValue) {
  auto value = parse_toml_value(sample_->toml);
  ASSERT_TRUE(value);
  Job job;
  auto done = apply(job, setting().key, *value, "");
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(sample_->holds(job));
}

TEST_P(EverySetting, ReadsBackWhatItGives) {
  Job job;
  auto done = apply(job, setting().key, *parse_toml_value(sample_->toml), "");
  ASSERT_TRUE(done) << done.error().text();
  Job again;
  EXPECT_EQ(setting().set(again, setting().get(job)), std::nullopt);
  EXPECT_EQ(again, job);
  // Through text as well: this is how a run directory keeps it.
  Job loaded;
  Places places;
  auto read = apply_job_text(to_toml(job), "frozen.toml", loaded, places);
  ASSERT_TRUE(read) << read.error().text() << "\n" << to_toml(job);
  EXPECT_EQ(loaded, job) << to_toml(job);
}

TEST_P(EverySetting, HasADefaultItAccepts) {
  Job job;
  Verdict wrong = setting().set(job, default_of(setting()));
  EXPECT_FALSE(wrong) << wrong->found;
  EXPECT_EQ(job, Job());
}

TEST_P(EverySetting, HasAnExampleThatWorks) {
  auto example = parse_toml_value(setting().example);
  ASSERT_TRUE(example) << setting().example;
  Job job;
  auto done = apply(job, setting().key, *example, "");
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_NE(job, Job()) << "the example is the default";
}

TEST_P(EverySetting, RefusesAValueOfAnotherType) {
  // No setting takes a list of truths, which stands here for whatever does not fit.
  Job job;
  auto done = apply(job, setting().key, List{true, false}, "somewhere");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kSetting);
  EXPECT_THAT(done.error().place, testing::StartsWith("somewhere: " + setting().key));
  EXPECT_FALSE(done.error().found.empty());
  EXPECT_FALSE(done.error().expected.empty());
  EXPECT_EQ(job, Job()) << "a refused value must leave no trace";
}

TEST_P(EverySetting, TellsWhatItIs) {
  EXPECT_FALSE(setting().expects.empty());
  EXPECT_TRUE(setting().doc.ends_with('.')) << setting().doc;
  EXPECT_EQ(setting().kind == Kind::kChoice, !setting().choices.empty());
  EXPECT_NE(std::ranges::find(sections(), setting().section(), &Section::name), sections().end());
  EXPECT_EQ(find(setting().key), &setting());
}

std::vector<const Setting*> every_setting() {
  std::vector<const Setting*> list;
  for (const Setting& setting : all()) list.push_back(&setting);
  return list;
}

std::string test_name(const testing::TestParamInfo<const Setting*>& param) {
  std::string name = param.param->key;
  std::ranges::replace(name, '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Table, EverySetting, testing::ValuesIn(every_setting()), test_name);

TEST(Settings, KeysFlagsAndVariablesAreUnique) {
  std::set<std::string> names;
  for (const Setting& setting : all()) {
    EXPECT_TRUE(names.insert(setting.key).second) << setting.key;
    EXPECT_TRUE(setting.flag.empty() || names.insert(setting.flag).second) << setting.flag;
    for (const std::string& name : setting.environment) EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(Settings, EverySampleIsOfASetting) {
  for (const Sample& sample : samples()) EXPECT_NE(find(sample.key), nullptr) << sample.key;
}

TEST(Settings, AJobWithEverySettingChangedReadsBackEqual) {
  Job job;
  for (const Sample& sample : samples()) {
    auto done = apply(job, sample.key, *parse_toml_value(sample.toml), "");
    ASSERT_TRUE(done) << done.error().text();
  }
  for (const Setting& setting : all()) EXPECT_NE(setting.get(job), default_of(setting)) << setting.key;
  std::string text = to_toml(job);
  Job loaded;
  Places places;
  auto read = apply_job_text(text, "frozen.toml", loaded, places);
  ASSERT_TRUE(read) << read.error().text() << "\n" << text;
  EXPECT_EQ(loaded, job) << text;
  EXPECT_EQ(to_toml(loaded), text);
}

TEST(Settings, AnEntryOfATableIsSetAlone) {
  Job job;
  ASSERT_TRUE(apply(job, "request.headers", Table{{"Accept", "a"}, {"X-B", "b"}}, ""));
  ASSERT_TRUE(apply(job, "request.headers.accept", "c", ""));
  ASSERT_TRUE(apply(job, "request.headers.X-C", "d", ""));
  EXPECT_EQ(job.request.headers, (NamedTexts{{"accept", "c"}, {"X-B", "b"}, {"X-C", "d"}}));
  ASSERT_TRUE(apply(job, "request.headers", Table{}, ""));
  EXPECT_THAT(job.request.headers, IsEmpty());
}

TEST(Settings, EveryChoiceIsTheWordOfItsValue) {
  // The words are listed in the table in the order of the enumerations; include/ has names for these two.
  for (const char* key : {"source.format", "sink.format"}) {
    for (int i = 0; i <= static_cast<int>(FileFormat::kParquet); ++i) {
      EXPECT_EQ(find(key)->choices.at(static_cast<std::size_t>(i)), name_of(static_cast<FileFormat>(i)));
    }
  }
  for (int i = 0; i <= static_cast<int>(Compression::kSnappy); ++i) {
    EXPECT_EQ(find("sink.compression")->choices.at(static_cast<std::size_t>(i)),
              name_of(static_cast<Compression>(i)));
  }
  Job job;
  auto choose = [&](const char* key, const char* word) {
    ASSERT_TRUE(apply(job, key, word, "")) << key << word;
  };
  choose("request.idempotency", "safe");
  EXPECT_EQ(job.request.idempotency, Idempotency::kSafe);
  choose("auth.type", "bearer");
  EXPECT_EQ(job.auth.type, AuthType::kBearer);
  choose("auth.type", "basic");
  EXPECT_EQ(job.auth.type, AuthType::kBasic);
  choose("auth.type", "api_key_header");
  EXPECT_EQ(job.auth.type, AuthType::kApiKeyHeader);
}

TEST(Settings, UnknownKeysGetTheNearestOne) {
  Job job;
  auto text = [&](const char* key) {
    auto done = apply(job, key, 1, "call");
    return done ? std::string("no error") : done.error().text();
  };
  EXPECT_EQ(
      text("limits.rat"),
      "call: limits.rat: no such setting; expected a setting of docs/settings.md. Did you mean limits.rate?");
  EXPECT_EQ(text("rate"),
            "call: rate: no such setting; expected a setting of docs/settings.md. Did you mean limits.rate?");
  EXPECT_EQ(text("limits.timeout"),
            "call: limits.timeout: no such setting; expected a setting of docs/settings.md. Did you mean "
            "request.timeout?");
  EXPECT_EQ(text("zzzzzz"), "call: zzzzzz: no such setting; expected a setting of docs/settings.md");
  EXPECT_EQ(text("limits"),
            "call: limits: a table of settings, not a setting; expected one of its settings. For one, "
            "limits.rate.");
  EXPECT_EQ(text("request.headrs.Accept"),
            "call: request.headrs.Accept: no such setting; expected a setting of docs/settings.md. Did you "
            "mean request.headers?");
  EXPECT_EQ(text("limits.zzzzzz"),
            "call: limits.zzzzzz: no such setting; expected a setting of docs/settings.md");
  EXPECT_EQ(text("a b"), "call: no name of a setting; expected a name such as limits.rate");
  EXPECT_EQ(text(""), "call: no name of a setting; expected a name such as limits.rate");
}

}  // namespace
}  // namespace rowcall::settings
