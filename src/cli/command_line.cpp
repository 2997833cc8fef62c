#include "cli/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <string_view>
#include <utility>

#include "cli/help_formatter.h"
#include "cli/toml_config.h"
#include "w2s/error.h"

namespace w2s::cli {
namespace {

std::string begin_in_lower_case(std::string text) {
  const bool is_word = text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0;
  if (is_word) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

}  // namespace

Arguments expand_short_names(Arguments arguments) {
  const auto end = std::ranges::find(arguments, "--");
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> names = {
      {{"-ngl", "--gpu-layers"}, {"-np", "--parallel"}, {"-to", "--timeout"}}};
  for (const auto& [name, long_name] : names)
    std::replace(arguments.begin(), end, std::string(name), std::string(long_name));
  return arguments;
}

CommandLine::CommandLine(const std::string& name, const std::string& description, const std::string& example)
    : CLI::App(description, "w2s " + name) {
  formatter(std::make_shared<HelpFormatter>());
  footer("Example:\n  " + example);
  option_defaults()->always_capture_default();
  set_help_flag("-h,--help", "Show this help and end")->group("General");
  set_config("--config", "", "Take options from a TOML file; those of the command line win")
      ->type_name("FILE.toml")
      ->group("General");
  config_formatter(std::make_shared<TomlConfig>(*this));
}

CLI::Option* CommandLine::add_path(const std::string& name, std::filesystem::path& path, const std::string& help) {
  return add_option_function<std::string>(name, [&path](const std::string& text) { path = text; }, help);
}

bool CommandLine::parse(const Arguments& arguments, const Console& console) {
  // CLI11 takes them last first.
  auto reversed = expand_short_names(arguments);
  std::ranges::reverse(reversed);
  try {
    CLI::App::parse(std::move(reversed));
    return true;
  } catch (const CLI::CallForHelp&) {
    console.out(help());
    return false;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::usage, fmt::format("{} (see '{} --help')", begin_in_lower_case(error.what()), get_name()));
  }
}

}  // namespace w2s::cli
