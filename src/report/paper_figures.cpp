#include "w2s/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/row_json.h"
#include "report/script_engine.h"
#include "report/web_files.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using json = nlohmann::ordered_json;

json as_json(const Table& table) {
  const auto [fields, records] = records_of(table);
  json rows = json::array();
  for (const auto& record : records) {
    json row = json::array();
    for (const auto& datum : record) row.push_back(datum_json(datum));
    rows.push_back(std::move(row));
  }
  return {{"columns", fields}, {"rows", std::move(rows)}};
}

/// Bytes that are no UTF-8 become U+FFFD.
std::string as_json(std::span<const PaperTable> tables) {
  json all = json::array();
  for (const auto& [id, title, notes, table] : tables) {
    all.push_back({{"id", id}, {"title", title}, {"notes", notes}, {"table", as_json(table)}});
  }
  return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<PaperFigure> figures_of(const std::string& answer) {
  try {
    std::vector<PaperFigure> figures;
    for (const json& figure : json::parse(answer)) {
      figures.push_back({figure.at("id"), figure.at("title"), figure.at("svg")});
    }
    return figures;
  } catch (const json::exception& error) {
    throw Error(ErrorKind::engine,
                fmt::format("the script that draws the figures answered something else: {}", error.what()));
  }
}

}  // namespace

bool can_draw_paper_figures() { return !report::paper_figures_script().empty(); }

std::vector<PaperFigure> paper_figures(std::span<const PaperTable> tables) {
  if (!can_draw_paper_figures()) {
    throw Error(ErrorKind::usage,
                "this w2s was built without figures (W2S_WEB=OFF): build it with Node.js to draw them");
  }
  // An engine of its own for each drawing: nothing that an earlier one left behind changes a byte.
  report::ScriptEngine engine;
  engine.evaluate(std::string(report::paper_figures_script()), "paper-figures.js");
  return figures_of(engine.call("paperFigures", as_json(tables)));
}

}  // namespace w2s
