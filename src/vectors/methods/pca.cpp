// The first principal axis of the differences and their negatives (Zou et al., 2023, whose reading vectors are the
// first axis of differences with random signs). With its negatives the points' mean is 0: the axis is that of the
// largest mean square, not of the largest variance around the mean difference, which is what is looked for.
#include <Eigen/Eigenvalues>

#include "vectors/methods/layer_axes.h"
#include "vectors/methods/methods.h"
#include "w2s/vectors.h"

namespace w2s::methods {
namespace {

// The first left singular vector. Where there are fewer samples than dimensions, from the samples' products, which have
// the same eigenvalues but for zeros.
Eigen::VectorXd first_axis(const Eigen::MatrixXd& differences) {
  const bool wide = differences.rows() > differences.cols();
  const Eigen::Index size = wide ? differences.cols() : differences.rows();
  Eigen::MatrixXd products = Eigen::MatrixXd::Zero(size, size);
  if (wide) {
    products.selfadjointView<Eigen::Lower>().rankUpdate(differences.transpose());
  } else {
    products.selfadjointView<Eigen::Lower>().rankUpdate(differences);
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(products);
  const Eigen::VectorXd first = solver.eigenvectors().col(size - 1);
  return wide ? Eigen::VectorXd((differences * first).normalized()) : first;
}

std::unique_ptr<VectorSource> fit(const MethodTraining& training, const MethodOptions& options, const Job& job) {
  return fit_layer_axes(training, options, job, "pca", &first_axis);
}

}  // namespace

SteeringMethod pca() {
  return {.name = "pca",
          .summary = "the first principal axis of the differences, as long as the mean difference along it",
          .fit = &fit,
          .file_architecture = control_vector_architecture,
          .read = &read_constant_source};
}

}  // namespace w2s::methods
