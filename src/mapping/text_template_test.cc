// SPDX-License-Identifier: Apache-2.0
#include "mapping/text_template.h"

#include <gtest/gtest.h>

#include "mapping/mapping_test_rows.h"

namespace rowcall::mapping {
namespace {

std::string filled(std::string_view text, Place place, std::int64_t row = 0) {
  TestRows rows;
  auto made = TextTemplate::make(text, place, rows.reader(), "test");
  if (!made) return "error: " + made.error().text();
  TextTemplate whole = TextTemplate::json_object({0, 2}, rows.reader());
  std::string out;
  made->append(out, rows.reader(), row, &whole);
  return out;
}

TEST(TextTemplate, UrlsArePercentEncoded) {
  EXPECT_EQ(filled("/x/{{name}}?z={{ zip }}", Place::kUrl), "/x/Zo%C3%AB%20%22Z%22%20%26%20Co?z=00501");
  EXPECT_EQ(filled("/x/{{note}}.", Place::kUrl), "/x/.") << "null is nothing";
}

TEST(TextTemplate, JsonBodiesKnowWhetherTheyAreInsideAString) {
  EXPECT_EQ(filled(R"({"n":{{name}},"i":{{id}},"o":{{note}}})", Place::kJsonBody),
            R"({"n":"Zoë \"Z\" & Co","i":1,"o":null})");
  EXPECT_EQ(filled(R"({"q":"hello {{name}}!","k\"":{{zip}}})", Place::kJsonBody),
            R"({"q":"hello Zoë \"Z\" & Co!","k\"":"00501"})");
}

TEST(TextTemplate, PlainPlacesTakeTheTextAsItIs) {
  EXPECT_EQ(filled("<{{name}}|{{id}}|{{note}}>", Place::kPlainBody), "<Zoë \"Z\" & Co|1|>");
  EXPECT_EQ(filled("key {{zip}}", Place::kHeader), "key 00501");
}

TEST(TextTemplate, TheWholeRowStandsInABody) {
  EXPECT_EQ(filled(R"({"row":{{*}}})", Place::kJsonBody), R"({"row":{"id":1,"zip":"00501"}})");
}

TEST(TextTemplate, BracesCanBeWritten) {
  EXPECT_EQ(filled(R"(\{{id}} {{id}})", Place::kPlainBody), "{{id}} 1");
}

TEST(TextTemplate, MistakesAreExplained) {
  EXPECT_EQ(filled("{{nmae}}", Place::kUrl),
            "error: test: no column \"nmae\"; expected one of: id, name, zip, note. Did you mean \"name\"?");
  EXPECT_EQ(filled("{{name", Place::kUrl),
            "error: test: {{ without }}; expected {{column}}. Write \\{{ for the text {{.");
  EXPECT_EQ(filled("/{{*}}", Place::kUrl),
            "error: test: {{*}}; expected {{column}}: the whole row can only stand in a body");
}

TEST(TextTemplate, FixedTextIsKnownAsSuch) {
  TestRows rows;
  EXPECT_TRUE(TextTemplate::make("/plain", Place::kUrl, rows.reader(), "t")->is_fixed());
  EXPECT_FALSE(TextTemplate::make("/{{id}}", Place::kUrl, rows.reader(), "t")->is_fixed());
}

}  // namespace
}  // namespace rowcall::mapping
