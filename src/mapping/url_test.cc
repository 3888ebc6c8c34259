// SPDX-License-Identifier: Apache-2.0
#include "mapping/url.h"

#include <gtest/gtest.h>

namespace rowcall::mapping {
namespace {

TEST(Url, Parts) {
  Url url = *parse_url("https://api.example.com/v1/{{ id }}?x=1", "request.url");
  EXPECT_TRUE(url.tls);
  EXPECT_EQ(url.host, "api.example.com");
  EXPECT_EQ(url.port, "443");
  EXPECT_EQ(url.target, "/v1/{{ id }}?x=1");
  url = *parse_url("http://[::1]:8080", "request.url");
  EXPECT_FALSE(url.tls);
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.port, "8080");
  EXPECT_EQ(url.authority, "[::1]:8080");
  EXPECT_EQ(url.target, "/");
  EXPECT_EQ(parse_url("http://host?q=1", "request.url")->target, "/?q=1");
}

TEST(Url, WhatIsRefused) {
  for (const char* text : {"", "ftp://host/", "host/path", "http://", "http://user:word@host/",
                           "http://{{h}}/", "http://host/#part", "http://host/a b", "http://host:0/",
                           "http://host:99999/", "http://host:x/", "http://[::1/", "http://ho st/"}) {
    EXPECT_FALSE(parse_url(text, "request.url")) << text;
  }
  std::string error = parse_url("http://user:hunter2@host/", "request.url").error().text();
  EXPECT_EQ(error.find("hunter2"), std::string::npos) << "the password is not repeated";
}

}  // namespace
}  // namespace rowcall::mapping
