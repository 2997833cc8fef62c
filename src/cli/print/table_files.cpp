#include "cli/print/table_files.h"

#include <fmt/format.h>

#include <string>
#include <system_error>

#include "cli/print/output.h"
#include "w2s/base.h"
#include "w2s/report.h"

namespace w2s::cli {
namespace {

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(ErrorKind::io, fmt::format("cannot make the folder {}: {}", folder.string(), error.message()));
}

}  // namespace

void write_tables(const std::filesystem::path& folder, std::span<const PaperTable> tables) {
  make_folder(folder);
  for (const auto& [id, title, notes, table] : tables) {
    const Report report{.table = table, .notes = notes};
    const auto write = [&](const char* extension, const std::string& text) {
      write_file(folder / (id + extension), text);
    };
    write(".md", fmt::format("# {}\n\n{}", title, render(report, Format::md)));
    write(".tex", fmt::format("% {}\n{}", title, render(report, Format::latex)));
    write(".csv", render(report, Format::csv));
    write(".json", render(report, Format::json));
  }
}

std::vector<std::string> write_figures(const std::filesystem::path& folder, std::span<const PaperTable> tables) {
  const auto figures = paper_figures(tables);
  make_folder(folder);
  std::vector<std::string> names;
  for (const auto& figure : figures) {
    names.push_back(figure.id + ".svg");
    write_file(folder / names.back(), figure.svg);
  }
  return names;
}

}  // namespace w2s::cli
