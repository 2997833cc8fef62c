// Which files a source names: the file itself, or the data files of a folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace w2s::data {

/// The file `source` names, or the data files of that folder and its subfolders, sorted by path: all *.jsonl files, the
/// *.json files that look like steering-bench's, and of the folders of anthropics/evals only the files of the paper's
/// behaviours. Hidden files and folders are left out. Throws Error{data} if the source is not there or holds no data
/// files, Error{io} if a folder cannot be read.
[[nodiscard]] std::vector<std::filesystem::path> find_data_files(const std::string& source);

}  // namespace w2s::data
