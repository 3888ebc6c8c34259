// SPDX-License-Identifier: Apache-2.0
// The live page: what it shows of a run at one moment, as HTML.
//
// The page is made here, not in the browser: the same plots as in the report, a script of a few lines that
// puts new panels in the place of old ones. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "telemetry/board.h"

namespace rowcall::page {

/// A part of the page that is replaced as a whole.
struct Panel {
  const char* id;
  std::string html;
};

std::vector<Panel> panels(const telemetry::LiveView& view);

/// The whole document; its script listens to `events` beside it.
std::string live_page(const telemetry::LiveView& view);

/// {"id":"html",...}: what is new since `before`, which becomes the present state.
std::string changes(const std::vector<Panel>& now, std::vector<Panel>& before);

}  // namespace rowcall::page
