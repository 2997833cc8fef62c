// Prompt encoders compared.
#include <utility>

#include "experiment/paper/builders.h"
#include "experiment/paper/paper_numbers.h"

namespace w2s::paper {

PaperTable supp_figure9(Findings findings) {
  Observations observations{.keys = {"encoder", "width"}, .measures = {"silhouette"}};
  for (const auto& study : findings) {
    for (const auto& space : study.spaces) {
      observations.rows.push_back({.model = study.model,
                                   .behavior = {},
                                   .seed = study.seed,
                                   .keys = cells(space.encoder, space.width),
                                   .numbers = {{.value = space.silhouette}}});
    }
  }
  const auto summaries = over_seeds(observations);
  auto table = tidy_table(observations, summaries);
  add_column(table, "paper_silhouette", summaries, [](const Summary& summary) {
    if (!model_name(summary.model)) return Cell();
    return number_cell(silhouette(std::get<std::string>(summary.keys.front())));
  });
  return {.id = "supp-figure9",
          .title = "How well prompt encoders tell behaviors apart (the paper's Supp. Figure 9)",
          .notes = "Silhouette score of unit-length embeddings by behavior: 1 for clusters far apart, 0 for none.\n",
          .table = without_empty_columns(table)};
}

PaperTable supp_figure9_points(Findings findings) {
  Table table{.columns = columns_named({"model", "seed", "encoder", "behavior", "sample", "umap_1", "umap_2"}),
              .rows = {}};
  for (const auto& study : findings) {
    for (const auto& space : study.spaces) {
      for (const auto& point : space.points) {
        table.rows.push_back(cells(study.model, study.seed, space.encoder, point.behavior, point.sample,
                                   number_cell(point.umap[0]), number_cell(point.umap[1])));
      }
    }
  }
  return {.id = "supp-figure9-points",
          .title = "UMAP coordinates of prompts by encoder (the paper's Supp. Figure 9)",
          .notes = {},
          .table = std::move(table)};
}

PaperTable supp_figures10_11(Findings findings) {
  const auto fields = encoder_score_fields();
  Observations observations{.keys = {"method", "encoder"},
                            .measures = {"cv_accuracy", "cv_steerability", "test_accuracy", "test_steerability"}};
  for (const auto& study : findings) {
    for (const auto& score : study.encoders) observations.rows.push_back(observe(study, score, fields, observations));
  }
  observations = with_means(std::move(observations));
  return {.id = "supp-figures10-11",
          .title =
              "Accuracy and steerability of the layer predictor by prompt encoder (the paper's Supp. Figures 10 and "
              "11)",
          .notes =
              "Behavior \"mean\" is the mean over behaviors. cv: held-out samples in cross-validation; test: test "
              "samples, accuracy being the share steered at their best layer.\n" +
              coverage(observations),
          .table = tidy_table(observations)};
}

}  // namespace w2s::paper
