// SPDX-License-Identifier: Apache-2.0
#include "files/storage.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/util/io_util.h>
#include <gmock/gmock.h>

#include <cerrno>
#include <string>

namespace rowcall::files {
namespace {

using testing::HasSubstr;

TEST(Place, LocalPathStaysAsItIs) {
  for (const char* text : {"table.csv", "a/b c.csv", "/tmp/x", "odd%20name", "C:x", "-"}) {
    auto place = place_of(text);
    ASSERT_TRUE(place) << place.error().text();
    EXPECT_FALSE(place->s3);
    EXPECT_EQ(place->path, text);
    EXPECT_EQ(place->shown, text);
  }
}

TEST(Place, FileUriIsDecoded) {
  EXPECT_EQ(place_of("file:///tmp/a%20b.csv")->path, "/tmp/a b.csv");
  EXPECT_EQ(place_of("file://localhost/tmp/x")->path, "/tmp/x");
  auto other = place_of("file://elsewhere/tmp/x");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kSetting);
}

TEST(Place, S3KeyIsTakenLiterally) {
  auto place = place_of("s3://bucket/in/caf\xC3\xA9 %20?.csv");
  ASSERT_TRUE(place);
  EXPECT_TRUE(place->s3);
  EXPECT_EQ(place->path, "bucket/in/caf\xC3\xA9 %20?.csv");
  EXPECT_EQ(place_of("s3://bucket")->path, "bucket");
  EXPECT_FALSE(place_of("s3://"));
  EXPECT_FALSE(place_of("s3:///key"));
}

TEST(Place, OtherSchemesSayWhichThereAre) {
  for (const char* text : {"gs://bucket/key", "hdfs://host/x", "http://x/y"}) {
    auto place = place_of(text);
    ASSERT_FALSE(place) << text;
    EXPECT_THAT(place.error().text(), HasSubstr("s3://BUCKET/KEY"));
  }
}

TEST(FileSystem, LocalOneIsSharedAndS3EndpointIsChecked) {
  Place local{false, "x", "x"};
  EXPECT_EQ(*file_system(local, {}), *file_system(local, {}));
  S3Spec spec;
  for (const char* endpoint : {"ftp://host", "http://", "http://user@host", "http://host/path"}) {
    spec.endpoint = endpoint;
    auto store = file_system({true, "b/k", "s3://b/k"}, spec);
    ASSERT_FALSE(store) << endpoint;
    EXPECT_EQ(store.error().code, ErrorCode::kSetting);
    EXPECT_EQ(store.error().place, "s3.endpoint");
  }
}

struct Said {
  const char* text;
  ErrorCode code;
  const char* mend;
};

TEST(StorageError, S3TextsAreToldApart) {
  const Place place{true, "b/k", "s3://b/k"};
  const Said kSaid[] = {
      {"When reading information for key 'k' in bucket 'b': AWS Error ACCESS_DENIED during HeadObject "
       "operation: No response body.",
       ErrorCode::kDenied, "AWS_SECRET_ACCESS_KEY"},
      {"AWS Error INVALID_ACCESS_KEY_ID during GetObject operation: no", ErrorCode::kDenied,
       "AWS_ACCESS_KEY_ID"},
      {"AWS Error NO_SUCH_BUCKET during CreateMultipartUpload operation: The specified bucket does not exist",
       ErrorCode::kNotFound, "bucket"},
      {"Path does not exist 'b/k'", ErrorCode::kNotFound, "s3.endpoint"},
      {"AWS Error UNKNOWN (HTTP status 400) during HeadObject operation: No response body.",
       ErrorCode::kNetwork, "s3.region"},
      {"AWS Error NETWORK_CONNECTION during HeadObject operation: curlCode: 7, Couldn't connect to server",
       ErrorCode::kNetwork, "AWS_ENDPOINT_URL"},
      {"AWS Error NETWORK_CONNECTION during HeadObject operation: curlCode: 60, SSL peer certificate or SSH "
       "remote "
       "key was not OK",
       ErrorCode::kNetwork, "AWS_CA_BUNDLE"},
      {"something else", ErrorCode::kStorage, ""},
  };
  for (const Said& said : kSaid) {
    Error error = storage_error(arrow::Status::IOError(said.text), place, "open");
    EXPECT_EQ(error.code, said.code) << said.text;
    EXPECT_EQ(error.place, "s3://b/k");
    EXPECT_THAT(error.mend, HasSubstr(said.mend)) << said.text;
    EXPECT_THAT(error.found, HasSubstr("cannot open"));
  }
}

TEST(StorageError, LocalErrorsGoByTheirNumber) {
  const Place place{false, "dir/x", "dir/x"};
  Error full =
      storage_error(arrow::internal::IOErrorFromErrno(ENOSPC, "Error writing bytes"), place, "write");
  EXPECT_EQ(full.code, ErrorCode::kStorage);
  EXPECT_THAT(full.text(), HasSubstr("No space left"));
  EXPECT_THAT(full.mend, HasSubstr("Free some space"));
  Error denied = storage_error(arrow::internal::IOErrorFromErrno(EACCES, "Failed to open"), place, "open");
  EXPECT_EQ(denied.code, ErrorCode::kDenied);
  Error missing = storage_error(arrow::internal::IOErrorFromErrno(ENOENT, "Failed to open"), place, "open");
  EXPECT_EQ(missing.code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace rowcall::files
