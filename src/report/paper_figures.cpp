#include "w2s/paper_figures.h"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "report/script_engine.h"
#include "report/web_files.h"
#include "w2s/error.h"

namespace w2s {
namespace {

using nlohmann::json;

struct CellAsJson {
  json operator()(std::monostate /*nothing*/) const { return nullptr; }
  json operator()(const std::string& text) const { return text; }
  json operator()(std::int64_t number) const { return number; }
  json operator()(double number) const { return number; }
};

json as_json(const Table& table) {
  json rows = json::array();
  for (const auto& row : table.rows) {
    json cells = json::array();
    for (const Cell& cell : row) cells.push_back(std::visit(CellAsJson{}, cell));
    rows.push_back(std::move(cells));
  }
  return {{"columns", table.columns}, {"rows", std::move(rows)}};
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
