// SPDX-License-Identifier: Apache-2.0
// `rowcall health`: is the API there and well?
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "base/parse.h"
#include "base/try.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/job_flags.h"
#include "http/probe.h"
#include "mapping/request_mapper.h"
#include "mapping/url.h"
#include "policy/classify.h"

namespace rowcall::cli {
namespace {

// Below that a certificate is worth a word.
constexpr double kCertificateDaysFew = 14;

void print(const char* name, const std::string& value) {
  std::printf("%-13s%s\n", name, value.c_str());
}

std::string milliseconds_text(Duration d) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms", seconds(d) * 1e3);
  return text;
}

// The job's own host and headers, but the health URL's path.
Result<mapping::Url> health_url(const Job& job) {
  if (!job.request.health_url.empty())
    return mapping::parse_url(job.request.health_url, "request.health_url");
  TRY(mapping::Url url, mapping::parse_url(job.request.url, "request.url"));
  url.target = "/health";
  return url;
}

void print_certificate(const http::Probe& probe) {
  if (!probe.certificate_days) return;
  char text[64];
  std::snprintf(text, sizeof text, "%.1f days left", *probe.certificate_days);
  std::string line = text;
  if (*probe.certificate_days < 0) {
    line = "ended " + std::to_string(static_cast<int>(-*probe.certificate_days)) + " days ago";
  } else if (*probe.certificate_days < kCertificateDaysFew) {
    line += ": renew it soon";
  }
  print("certificate", line + " (" + probe.certificate_subject + ")");
}

Result<Exit> check_health(const Job& job) {
  TRY(mapping::Url url, health_url(job));
  Job probed = job;
  probed.request.url = (url.tls ? "https://" : "http://") + url.authority + url.target;
  probed.request.method = "GET";
  probed.request.query.clear();
  probed.request.body.clear();
  probed.request.columns.clear();
  std::erase_if(probed.request.headers,
                [](const auto& header) { return header.second.find("{{") != std::string::npos; });
  ArrowSchema no_columns{};
  no_columns.format = "+s";
  no_columns.release = [](ArrowSchema* schema) { schema->release = nullptr; };
  TRY(table::RowReader reader, table::RowReader::make(no_columns));
  TRY(mapping::RequestMapper mapper, mapping::RequestMapper::make(probed, reader, "health"));
  TRY(Request request, mapper.render(reader, 0, 1, 0));
  TRY(http::Probe found, http::probe(mapper.endpoint(), request, probed.request));

  std::string shown = mapper.shown(request);
  print("asked", shown.substr(0, shown.find('\n')));
  if (!found.address.empty()) print("address", found.address);
  bool answered = found.reply.error == TransportError::kNone;
  bool well = answered && found.reply.status >= 200 && found.reply.status < 300;
  print("status", policy::why(found.reply));
  std::string steps =
      "resolve " + milliseconds_text(found.resolve) + ", connect " + milliseconds_text(found.connect);
  if (!found.tls_version.empty()) steps += ", TLS " + milliseconds_text(found.handshake);
  if (answered) steps += ", answer " + milliseconds_text(found.answer);
  print("latency", steps);
  print("TLS", found.tls_version.empty() ? "none" : found.tls_version);
  print_certificate(found);
  if (answered && !found.reply.body.empty()) print("body", excerpt(found.reply.body, 200));
  bool certificate_ended = found.certificate_days.value_or(1) < 0;
  well = well && !certificate_ended;
  print("verdict", well ? "well" : "not well");
  return well ? Exit::kDone : Exit::kUnhealthy;
}

}  // namespace

void add_health(CLI::App& app, Command& chosen) {
  CLI::App* command =
      app.add_subcommand("health", "Ask the API's health URL: status, latency, TLS, certificate");
  command->footer(
      "Asks request.health_url, or /health on the host of request.url, once, with the job's headers and\n"
      "credentials. Exit code 0: well; 5: not well.");
  auto flags = std::make_shared<JobFlags>();
  add_job_flags(*command, *flags);
  command->callback([&chosen, flags] {
    chosen = [flags] {
      auto job = load_job(*flags, /*needs_source=*/false);
      if (!job) return complain(job.error());
      auto exit = check_health(*job);
      return exit ? *exit : complain(exit.error());
    };
  });
}

}  // namespace rowcall::cli
