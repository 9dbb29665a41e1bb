// SPDX-License-Identifier: Apache-2.0
#include "cli/progress_line.h"

#include <cstdint>
#include <cstdio>

#include "cli/display_width.h"
#include "cli/text_table.h"

namespace datong::cli {
namespace {

constexpr base::TimeUs kPauseUs = 100'000;

uint64_t NumberOf(const admin::Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

std::string Duration(uint64_t seconds) {
  const auto two = [](uint64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  if (seconds >= 3600) return std::to_string(seconds / 3600) + ":" + two(seconds / 60 % 60) + ":" + two(seconds % 60);
  return std::to_string(seconds / 60) + ":" + two(seconds % 60);
}

}  // namespace

std::string ProgressText(const admin::Json& progress, base::TimeUs elapsed, base::TimeUs elapsed_of_file) {
  const bool of_messages = progress.contains("messages");
  const char* const unit = of_messages ? "messages" : "rows";
  const uint64_t rows = NumberOf(progress, unit), read = of_messages ? rows : NumberOf(progress, "bytes_read");
  const uint64_t total = NumberOf(progress, of_messages ? "messages_total" : "bytes_total");
  std::string text = progress.value("file", std::string());
  text += text.empty() ? "" : "  ";
  text += progress.value("phase", std::string("reading"));
  if (total > 0) text += "  " + std::to_string(read * 100 / total) + " %";
  if (progress.contains("uncounted")) return text;
  text += "  " + Grouped(rows) + " " + unit;
  if (elapsed >= 1'000'000) {
    text += "  " + Grouped(rows * 1'000'000 / static_cast<uint64_t>(elapsed)) + "/s";
    if (total > read && read > 0) {
      text += "  ETA " + Duration(static_cast<uint64_t>(elapsed_of_file) / 1'000'000 * (total - read) / read);
    }
  }
  return text;
}

ProgressLine::ProgressLine(const Terminal& terminal, base::Clock& clock)
    : terminal_(terminal), clock_(clock), begun_(clock.Steady()), file_begun_(begun_) {}

void ProgressLine::Show(const admin::Json& progress) {
  if (!terminal_.err_is_terminal) return;
  const base::TimeUs now = clock_.Steady();
  if (std::string file = progress.value("file", std::string()); file != file_) {
    file_ = std::move(file);
    file_begun_ = now;
  }
  if (visible_ && now - shown_ < kPauseUs) return;
  const std::string line =
      CutToWidth(OneLine(ProgressText(progress, now - begun_, now - file_begun_)), terminal_.err_width - 1);
  std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
  std::fflush(stderr);
  shown_ = now;
  visible_ = true;
}

void ProgressLine::Clear() {
  if (!visible_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  visible_ = false;
}

}  // namespace datong::cli
