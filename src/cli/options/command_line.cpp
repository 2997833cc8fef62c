#include "cli/options/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "cli/options/help_formatter.h"
#include "cli/options/toml_config.h"
#include "w2s/base.h"

namespace w2s::cli {
namespace {

std::string begin_in_lower_case(std::string text) {
  const bool is_word = text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0;
  if (is_word) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string full_name(const std::string& key) { return "--" + key; }

CLI::callback_t reader_of(const Option& option, const std::string& name) {
  return [option, name](const CLI::results_t& values) {
    try {
      for (const auto& value : values) option.check(value);
      option.set(values);
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::usage) throw;
      throw CLI::ValidationError(name, error.what());
    }
  };
}

void add_flag(CLI::App& app, const Option& option) {
  const auto set = [option](std::int64_t count) { option.set({count > 0 ? "true" : "false"}); };
  auto* const added = app.add_flag_function(option.names, set, option.help)->group(option.group);
  if (!option.needs.empty()) added->needs(app.get_option(full_name(option.needs)));
}

void add_valued(CLI::App& app, const Option& option) {
  const bool is_positional = !option.names.starts_with('-');
  const auto name = is_positional ? option.names : full_name(option.key());
  auto* const added = app.add_option(option.names, reader_of(option, name), option.help);
  added->required(option.is_required)->type_name(option.type_name)->default_str(option.default_text);
  if (!option.group.empty()) added->group(option.group);
  if (option.values != OptionValues::one) added->expected(CLI::detail::expected_max_vector_size);
  if (option.values == OptionValues::list) added->delimiter(',');
  if (option.values == OptionValues::list || option.values == OptionValues::repeated) added->allow_extra_args(false);
  if (!option.excludes.empty()) added->excludes(app.get_option(full_name(option.excludes)));
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

struct CommandLine::Parser : CLI::App {
  using CLI::App::App;
};

CommandLine::CommandLine(const std::string& name, const std::string& description, const std::string& example)
    : parser_(std::make_unique<Parser>(description, "w2s " + name)) {
  parser_->formatter(std::make_shared<HelpFormatter>());
  parser_->footer("Example:\n  " + example);
  parser_->set_help_flag("-h,--help", "Show this help and end")->group("General");
  parser_->set_config("--config", "", "Take options from a TOML file; those of the command line win")
      ->type_name("FILE.toml")
      ->group("General");
  parser_->config_formatter(std::make_shared<TomlConfig>(*parser_));
}

CommandLine::~CommandLine() = default;

void CommandLine::add(const Options& options) {
  for (const auto& option : options) {
    if (option.values == OptionValues::none) {
      add_flag(*parser_, option);
    } else {
      add_valued(*parser_, option);
    }
  }
}

bool CommandLine::parse(const Arguments& arguments, const Console& console) {
  // CLI11 takes them last first.
  auto reversed = expand_short_names(arguments);
  std::ranges::reverse(reversed);
  try {
    parser_->parse(std::move(reversed));
    return true;
  } catch (const CLI::CallForHelp&) {
    console.out(parser_->help());
    return false;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::usage,
                fmt::format("{} (see '{} --help')", begin_in_lower_case(error.what()), parser_->get_name()));
  }
}

}  // namespace w2s::cli
