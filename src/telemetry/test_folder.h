// SPDX-License-Identifier: Apache-2.0
// For the tests of this room: a folder of its own for each test, gone afterwards.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/disk.h"

namespace rowcall::telemetry {

class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "rowcall-telemetry-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }
  /// A file's content; fails the test when there is none.
  std::string content(const char* name) const {
    auto text = read_file(path_ / name);
    EXPECT_TRUE(text.has_value()) << (text ? "" : text.error().text());
    return text.value_or("");
  }
  /// Its lines, without their ends.
  std::vector<std::string> lines(const char* name) const {
    std::vector<std::string> out;
    std::string text = content(name);
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = std::min(text.find('\n', at), text.size());
      out.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return out;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace rowcall::telemetry
