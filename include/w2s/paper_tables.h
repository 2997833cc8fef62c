// The paper's tables and the numbers behind its figures, from one or several studies, with the paper's own numbers
// beside them where the model is one of the paper's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "w2s/encoder_comparison.h"
#include "w2s/evaluation.h"
#include "w2s/layer_analysis.h"
#include "w2s/table.h"

namespace w2s {

/// What one study of an experiment found: a model, with one seed.
struct StudyFindings {
  std::string model;  ///< name in tables; "Llama-2-7B-Chat" and "Qwen1.5-14B-Chat" are the paper's
  std::uint64_t seed = 0;
  std::vector<PolicyResult> results;  ///< on the test samples
  std::vector<LayerAnalysis> analyses = {};
  std::vector<EncoderScore> encoders = {};
  std::vector<EncoderSpace> spaces = {};
};

/// A table, or a figure's numbers.
struct PaperTable {
  std::string id;     ///< also a file's stem: "table1", "supp-figure14"
  std::string title;  ///< one line that says what it shows, and of which table or figure of the paper
  std::string notes = {};
  Table table;
};

/// Those for which there are findings, in the paper's order: figure1 (the optimum against the fixed layer),
/// figure1-layers (best layers), table1, figure3, figure4, table2, supp-figures1-2 to supp-figures7-8 (prompt variants
/// by behaviour), supp-figure9 (silhouettes), supp-figure9-points (UMAP), supp-figures10-11 (encoders),
/// supp-figures14-15 (steerability by layer), supp-figures16-17 (k-th best layer), supp-table4 (label layers),
/// supp-figure18 (accuracy by k), supp-table3 (all policies), supp-figures19-22 (label smoothing by behaviour). Tables
/// 1, 2 and Supp. Table 3 have the paper's shape, "1.259 (0.014)" for people; the others a row an observation. Several
/// models are in one table.
///
/// Numbers of several seeds are their mean, with the standard deviation over seeds; of one seed, with that over
/// predictor seeds where there is one. A mean over behaviours is taken within each seed first, of all the model's
/// behaviours: a seed that lacks one of them does not count. Columns with nothing in them are left out, and so are
/// methods that were swept only to choose another one's fixed layer (but for supp-figures14-15).
[[nodiscard]] std::vector<PaperTable> paper_tables(std::span<const StudyFindings> findings);

}  // namespace w2s
