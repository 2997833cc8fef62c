#include "report/render_report.h"

#include <fmt/format.h>

#include <vector>

#include "report/block.h"
#include "report/numbers_block.h"
#include "report/samples_json.h"
#include "report/summary_json.h"
#include "w2s/base.h"

namespace w2s::report {
namespace {

constexpr std::string_view place_of_data = "<!--w2s:data-->";

// JSON has `<` in its texts alone, where it may be written so.
std::string without_markup(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (const char letter : json) {
    if (letter == '<') {
      text += "\\u003c";
    } else {
      text += letter;
    }
  }
  return text;
}

void add_script(std::string& html, std::string_view type, std::string_view id, std::string_view content) {
  html += fmt::format("<script type=\"{}\" id=\"{}\">", type, id);
  html += content;
  html += "</script>\n";
}

void add_block(std::string& html, const std::string& id, std::string_view bytes) {
  add_script(html, "text/plain", id, packed_block(bytes));
}

// Returns the steps of the numbers blocks: [methods].
std::vector<double> add_behavior(std::string& html, const ReportData& data, std::size_t index) {
  const auto& behavior = data.behaviors[index];
  add_block(html, samples_block_id(index), json_text(samples_json(behavior)));
  std::vector<double> steps;
  for (std::size_t i = 0; i < behavior.methods.size(); ++i) {
    const auto& method = behavior.methods[i];
    const auto numbers = numbers_block(method.propensity, data.multipliers, method.probabilities);
    add_block(html, numbers_block_id(index, i), numbers.bytes);
    steps.push_back(numbers.step);
  }
  return steps;
}

std::string scripts_of(const ReportData& data) {
  std::string blocks;
  std::vector<std::vector<double>> steps;
  for (std::size_t i = 0; i < data.behaviors.size(); ++i) steps.push_back(add_behavior(blocks, data, i));
  if (data.encoders) {
    for (std::size_t i = 0; i < data.encoders->spaces.size(); ++i)
      add_block(blocks, points_block_id(i), json_text(points_json(data.encoders->spaces[i], data.behaviors)));
  }
  std::string html;
  add_script(html, "application/json", "summary", without_markup(json_text(summary_json(data, steps))));
  return html + blocks;
}

}  // namespace

std::string render_report(const ReportData& data, std::string_view page_template) {
  const auto place = page_template.find(place_of_data);
  if (place == std::string_view::npos || page_template.find(place_of_data, place + 1) != std::string_view::npos) {
    throw Error(ErrorKind::usage,
                fmt::format("this w2s was built with a page that does not have exactly one {}; build it again from the "
                            "sources of one version",
                            place_of_data));
  }
  std::string html(page_template.substr(0, place));
  html += scripts_of(data);
  html += page_template.substr(place + place_of_data.size());
  return html;
}

}  // namespace w2s::report
