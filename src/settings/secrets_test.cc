// SPDX-License-Identifier: Apache-2.0
#include "settings/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "settings/job_text.h"
#include "settings/load.h"
#include "settings/samples_for_tests.h"
#include "settings/test_folder.h"

namespace rowcall::settings {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Secrets, NamesThatUsuallyCarryOne) {
  for (const char* name :
       {"Authorization", "Cookie", "X-Api-Key", "Proxy-Authorization", "apikey", "API_KEY", "accessToken",
        "access_token", "x-amz-security-token", "client_secret", "password", "PASSWD", "sig", "X-Signature",
        "Ocp-Apim-Subscription-Key", "key", "authToken", "Set-Cookie"}) {
    EXPECT_TRUE(is_secret_name(name)) << name;
  }
  for (const char* name : {"Accept", "keyword", "max_tokens", "author", "design", "X-Request-Id", "q", "",
                           "secretary", "Accept-Language", "keys"}) {
    EXPECT_FALSE(is_secret_name(name)) << name;
  }
}

TEST(Secrets, PlacesOfASecret) {
  EXPECT_TRUE(is_secret_place("env:API_TOKEN"));
  EXPECT_TRUE(is_secret_place("file:/run/secrets/token"));
  for (const char* text :
       {"", "env:", "env:1A", "env:A-B", "env:A B", "file:", "file:a\nb", "API_TOKEN", "ENV:A"}) {
    EXPECT_FALSE(is_secret_place(text)) << text;
  }
  EXPECT_EQ(environment_name("env:API_TOKEN"), "API_TOKEN");
  EXPECT_EQ(environment_name("file:x"), "");
}

TEST(Secrets, HeadersThatAreFine) {
  for (const auto& [name, value] : {std::pair{"Accept", "application/json"},
                                    {"X-Api-Key", "env:KEY"},
                                    {"Authorization", "file:/run/a"},
                                    {"Authorization", "Bearer {{token}}"},
                                    {"X-Token", "{{ a }}{{b}}"},
                                    {"Idempotency-Key", "row-{{id}}"},
                                    {"X-Max-Tokens", "100"},
                                    {"X-Empty-Key", ""}}) {
    auto wrong = check_header(name, value);
    EXPECT_FALSE(wrong) << name << ": " << wrong->found;
  }
}

TEST(Secrets, HeadersThatAreNot) {
  for (const auto& [name, value] : {std::pair{"Authorization", "Bearer abc"},
                                    {"X-Anything", "bearer abc"},
                                    {"X-Anything", "Basic abc"},
                                    {"X-Api-Key", "abc"},
                                    {"X-Api-Key", "abc{{x}}"},
                                    {"X-Api-Key", "abc{{x"},
                                    {"Cookie", "a=b"},
                                    {"X-A", "a\nb"},
                                    {"X-A", "env:not a name"},
                                    {"X A", "a"},
                                    {"", "a"},
                                    {"Host", "a"},
                                    {"connection", "close"}}) {
    EXPECT_TRUE(check_header(name, value)) << name << " = " << value;
  }
}

constexpr const char* kSecret = "s3cr3tV4lu3q9";

class SecretText : public testing::Test {
 protected:
  // Whatever is wrong, no piece of the secret may be repeated.
  void expect_silent(const Layers& layers, bool must_fail = true) {
    auto result = load(layers);
    EXPECT_EQ(!result, must_fail);
    if (result) {
      EXPECT_THAT(to_toml(result->job), Not(HasSubstr(kSecret)));
      return;
    }
    std::string text = result.error().text();
    for (const char* piece : {"s3c", "r3t", "tV4", "lu3", "q9"}) EXPECT_THAT(text, Not(HasSubstr(piece)));
  }
  static std::string with_secret(std::string text) {
    for (auto at = text.find("SECRET"); at != std::string::npos; at = text.find("SECRET"))
      text.replace(at, 6, kSecret);
    return text;
  }
  Layers layers_of_job(const std::string& text) {
    Layers layers;
    layers.use_env_file = false;
    layers.job_file = folder_.file("job.toml", with_secret(text));
    return layers;
  }
  TestFolder folder_;
};

TEST_F(SecretText, IsNotRepeatedFromAJobFile) {
  for (const char* text : {"[auth]\ntype = \"bearer\"\ntoken = \"SECRET\"\n",
                           "[auth]\ntoken = SECRET\n",
                           "[auth]\ntoken = \"SECRET\n",
                           "[auth]\ntoken = \"\"\"SECRET\n",
                           "[auth]\ntoken = 'SECRET\n",
                           "[auth]\ntoken = [\"SECRET\"]\n",
                           "[auth]\ntoken = { a = \"SECRET\" }\n",
                           "[auth]\ntype = \"SECRET\"\n",
                           "[auth]\ntype = \"bearer SECRET\"\n",
                           "[auth]\nname = \"SECRET SECRET\"\n",
                           "[auth]\ntoken = \"env:SECRET-x\"\n",
                           "[auth]\ntokn = \"SECRET\"\n",
                           "[auth]\nkey = \"SECRET\"\n",
                           "[auth]\npassword = \"SECRET\"\n",
                           "[auth]\nusername = \"SECRET\"\n",
                           "[auth]\ntoken = \"SECRET\" x\n",
                           "[auth]\ntoken = \"\\q SECRET\"\n",
                           "[auth]\ntoken \"SECRET\"\n",
                           "[request.headers]\nAuthorization = \"Bearer SECRET\"\n",
                           "[request.headers]\n\"X-Api-Key\" = \"SECRET\"\n",
                           "[request.headers]\n\"Authorization: Bearer SECRET\" = \"x\"\n",
                           "[request.headers]\nX-Other = \"Basic SECRET\"\n",
                           "[request.headers]\nAuthorization = [\"SECRET\"]\n",
                           "[request.headers]\nX-A = \"a\\r\\nCookie: SECRET\"\n",
                           "[request.query]\napi_key = \"SECRET\"\n",
                           "[request.query]\nToken = \"a{{x}}SECRET\"\n",
                           "[request]\nheaders = \"Authorization: SECRET\"\n",
                           "[request]\nurl = \"https://user:SECRET@host/\"\n",
                           "[request]\nurl = \"https://SECRET@host/\"\n",
                           "[request]\nurl = \"https://host/?api_key=SECRET\"\n",
                           "[request]\nurl = \"https://host/?a=1&access%5Ftoken=SECRET\"\n",
                           "[request]\nurl = \"host/?key=SECRET\"\n",
                           "[request]\nurl = \"SECRET\"\n",
                           "[request]\nurl = \"host?key=SECRET&next=http://x/\"\n",
                           "[request]\nurl = \"https://host/ ?key=SECRET\"\n",
                           "[request]\nurl = \"https://{{h}}/?key=SECRET\"\n",
                           "[request]\nurl = \"https://host/?key=SECRET#x\"\n",
                           "[request]\nurl = [\"SECRET\"]\n",
                           "[request]\nhealth_url = \"https://a:SECRET@host/\"\n",
                           "[request]\nclient_key = \"-----BEGIN PRIVATE KEY-----\\nSECRET\\n\"\n",
                           "[s3]\nendpoint = \"http://key:SECRET@host:9000\"\n",
                           "[source]\npath = \"s3://key:SECRET@bucket/in.csv\"\n",
                           "[sink]\npath = \"s3://key:SECRET@bucket/out.csv\"\n"}) {
    SCOPED_TRACE(text);
    expect_silent(layers_of_job(text));
  }
}

TEST_F(SecretText, MadeOfDigitsIsNotRepeatedEither) {
  for (const char* number : {"98765432109876543210987", "0987654321", "9876543210987654", "1e999",
                             "0xfedcba98765432109", "9876-54-32", "9876_", "98.76.54"}) {
    Layers layers;
    layers.use_env_file = false;
    for (const char* key :
         {"auth]\ntoken", "request.headers]\nAuthorization", "request.query]\napi_key", "request]\nurl"}) {
      layers.job_file = folder_.file("job.toml", std::string("[") + key + " = " + number + "\n");
      auto result = load(layers);
      ASSERT_FALSE(result);
      EXPECT_THAT(result.error().text(), Not(HasSubstr(std::string(number).substr(0, 4)))) << key;
    }
  }
}

TEST_F(SecretText, IsNotRepeatedFromTheEnvFile) {
  for (const char* text :
       {"TOKEN SECRET\n", "TOKEN='SECRET\n", "TOKEN=\"SECRET\" SECRET\n", "SECRET\n", "-SECRET=1\n",
        "API_ENDPOINT=https://u:SECRET@host/\n", "API_ENDPOINT=https://host/?token=SECRET\n",
        "API_ENDPOIN=SECRET\n", "S3_KEY=SECRET\n", "S3_BUCKET=key:SECRET@b\nS3_KEY=k\n",
        "S3_BUCKET=b\nS3_KEY=/SECRET\n"}) {
    SCOPED_TRACE(text);
    Layers layers = layers_of_job(kSmallJob);
    layers.env_file = folder_.file(".env", with_secret(text));
    expect_silent(layers);
  }
}

TEST_F(SecretText, IsNotRepeatedFromTheCommandLine) {
  for (const char* set :
       {"auth.token=SECRET", "auth.tokn=SECRET", "auth.token=[\"SECRET\"]",
        "request.headers.Authorization=SECRET", "request.headers.Authorization: Bearer SECRET==",
        "request.headers={Cookie=\"SECRET\"}", "request.headers=SECRET", "Bearer SECRET=x", "SECRET",
        "request.url=http://a:SECRET@b/", "request.query.api_key=SECRET"}) {
    SCOPED_TRACE(set);
    Layers layers = layers_of_job(kSmallJob);
    layers.sets = {with_secret(set)};
    expect_silent(layers);
  }
  for (const auto& [flag, text] : {std::pair{"--header", "Authorization: Bearer SECRET"},
                                   {"--header", "Authorization: Basic SECRET="},
                                   {"--header", "Authorization=Bearer SECRET"},
                                   {"--query", "api_key=SECRET"},
                                   {"--url", "https://SECRET@host/"},
                                   {"--s3-endpoint", "http://a:SECRET@b"}}) {
    SCOPED_TRACE(text);
    Layers layers = layers_of_job(kSmallJob);
    layers.flags = {{flag, with_secret(text)}};
    expect_silent(layers);
  }
}

TEST_F(SecretText, IsNotInTheFrozenJob) {
  Layers layers =
      layers_of_job(std::string(kSmallJob) + "[auth]\ntype = \"bearer\"\ntoken = \"env:TOKEN\"\n");
  layers.env_file = folder_.file(".env", with_secret("TOKEN=SECRET\nAWS_SECRET_ACCESS_KEY=SECRET\n"));
  expect_silent(layers, false);
}

TEST_F(SecretText, ErrorsSayWhatToDoInstead) {
  auto text = [&](const char* job) {
    auto result = load(layers_of_job(job));
    std::string error = result ? "no error" : result.error().text();
    std::string folder = folder_.path().string() + "/";
    return error.starts_with(folder) ? error.substr(folder.size()) : error;
  };
  EXPECT_EQ(
      text("[auth]\ntoken = \"SECRET\"\n"),
      R"(job.toml line 2: auth.token: a secret in clear, which is not shown here; expected "env:NAME" (an environment variable) or "file:PATH" (a file that holds it). Put the secret into an environment variable or into .env, and write env: and its name here.)");
  EXPECT_EQ(
      text("[auth]\ntoken = \"env:SECRET-x\"\n"),
      R"(job.toml line 2: auth.token: "env:" and something that is no variable's name; expected letters, digits and "_", as in "env:API_TOKEN")");
  EXPECT_EQ(
      text("[auth]\ntoken = 5\n"),
      R"(job.toml line 2: auth.token: a number, which is not shown here; expected "env:NAME" (an environment variable) or "file:PATH" (a file that holds it). Put quotes around it.)");
  EXPECT_EQ(
      text("[auth]\ntype = \"barer\"\n"),
      R"(job.toml line 2: auth.type: another text, which is not shown here; expected one of "none", "bearer", "basic", "api_key_header", "api_key_query". Did you mean "bearer"?)");
  EXPECT_EQ(
      text("[request.headers]\nAccept = \"a\"\nAuthorization = \"Bearer SECRET\"\n"),
      R"(job.toml line 3: request.headers.Authorization: a secret in clear, which is not shown here; expected "env:NAME" (an environment variable) or "file:PATH" (a file that holds it). Put the whole value into an environment variable or into .env, and write env: and its name here; or use the settings of [auth].)");
  EXPECT_EQ(
      text("[request.headers]\n\"Bearer SECRET\" = \"a\"\n"),
      R"(job.toml line 2: request.headers: a header name with a character that cannot stand in one; expected letters, digits and "-", as in "Accept-Language")");
  EXPECT_EQ(text("[request.headers]\nX-A = \"a\\nb\"\n"),
            "job.toml line 2: request.headers.X-A: a line break or another control character; expected text "
            "on one line");
  EXPECT_EQ(text("[request.headers]\nX-A = 5\n"),
            "job.toml line 2: request.headers.X-A: a number, which is not shown here; expected text. Put "
            "quotes around it.");
  EXPECT_EQ(
      text("[request.headers]\nAccept = \"a\"\naccept = \"b\"\n"),
      R"(job.toml line 3: request.headers.accept: a second entry of this name; expected a table, header = "text". Keep one of them.)");
  EXPECT_EQ(
      text("[request.query]\napi_key = \"SECRET\"\n"),
      R"(job.toml line 2: request.query.api_key: the parameter api_key with a secret in clear, which is not shown here; expected no secret in the query. Set auth.type = "api_key_query", auth.name to the parameter's name and auth.key.)");
  EXPECT_EQ(
      text("[request]\nurl = \"https://u:SECRET@host/\"\n"),
      R"(job.toml line 2: request.url: a user name or password in the URL, which is not shown here; expected a URL such as "https://api.example.com/v1/score". Take it out of the URL, and use the settings of [auth].)");
  EXPECT_EQ(
      text("[request]\nurl = \"https://host/?token=SECRET\"\n"),
      R"(job.toml line 2: request.url: the parameter token with a secret in clear, which is not shown here; expected no secret in the query. Set auth.type = "api_key_query", auth.name to the parameter's name and auth.key.)");
  EXPECT_EQ(text("[request]\nclient_key = \"-----BEGIN PRIVATE KEY-----\"\n"),
            "job.toml line 2: request.client_key: what seems to be the content of a file, which is not shown "
            "here; expected the path of the file. Put the content into a file that only you can read, and "
            "write its path here.");
  EXPECT_EQ(
      text("[source]\npath = \"s3://key:SECRET@bucket/in.csv\"\n"),
      R"(job.toml line 2: source.path: access keys in the URI, which are not shown here; expected "s3://BUCKET/KEY", or a path. Credentials come from the AWS chain: environment, profile or instance role.)");
}

}  // namespace
}  // namespace rowcall::settings
