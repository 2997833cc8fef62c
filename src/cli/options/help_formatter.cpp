#include "cli/options/help_formatter.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace w2s::cli {
namespace {

constexpr std::size_t page_width = 100;
constexpr std::size_t name_width = 32;

std::string paragraph(const std::string& text) { return fmt::format("{}\n", fmt::join(wrap(text, page_width), "\n")); }

std::string option_name(const CLI::Option& option) {
  if (option.get_positional()) return fmt::format("  {}", option.get_name(true, false));
  std::string name = fmt::format("  {}", option.get_name(false, true));
  if (option.get_items_expected_max() == 0) return name;
  // CLI11 appends what the option's checks say about themselves after a colon.
  const std::string type = option.get_type_name();
  return fmt::format("{} {}", name, type.substr(0, type.find(':')));
}

std::string option_description(const CLI::Option& option) {
  std::string description = option.get_description();
  if (option.get_required()) description += " (required)";
  const bool has_default = !option.get_default_str().empty() && option.get_default_str() != "[]";
  if (has_default) description += fmt::format(" (default: {})", option.get_default_str());
  return description;
}

std::string option_help(const CLI::Option& option) {
  std::string help = option_name(option);
  std::string indent = "\n";
  indent.append(name_width, ' ');
  if (help.size() + 2 > name_width) {
    help += indent;
  } else {
    help.resize(name_width, ' ');
  }
  return help + fmt::format("{}\n", fmt::join(wrap(option_description(option), page_width - name_width), indent));
}

std::string group_help(const std::string& title, const std::vector<const CLI::Option*>& options) {
  if (options.empty()) return "";
  std::string help = fmt::format("\n{}:\n", title);
  for (const auto* option : options) help += option_help(*option);
  return help;
}

}  // namespace

std::vector<std::string> wrap(const std::string& text, std::size_t width) {
  std::vector<std::string> lines(1);
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    auto& line = lines.back();
    if (line.empty()) {
      line = word;
    } else if (line.size() + 1 + word.size() <= width) {
      line += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode /*mode*/) const {
  std::string help = paragraph(app->get_description()) + "\n" + make_usage(app, std::move(name));
  help += group_help("Arguments", app->get_options([](const CLI::Option* option) { return option->get_positional(); }));
  // Every command has these; what is its own comes first.
  auto groups = app->get_groups();
  std::ranges::stable_partition(groups, [](const auto& group) { return group != "General"; });
  for (const auto& group : groups) {
    help += group_help(group, app->get_options([&group](const CLI::Option* option) {
      return !option->get_positional() && option->get_group() == group;
    }));
  }
  return help + "\n" + make_footer(app);
}

}  // namespace w2s::cli
