// The axis that separates positive from negative answers best: L2-regularised logistic regression on the differences
// (label 1) and their negatives (label 0), without an intercept, which the pairs' symmetry makes 0 anyway.
#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <utility>

#include "vectors/methods/layer_axes.h"
#include "vectors/methods/methods.h"
#include "w2s/base.h"
#include "w2s/vectors.h"

namespace w2s::methods {
namespace {

// A difference and its negative have the same loss, so each pair counts twice: 2 C with scikit-learn's default C = 1.
constexpr double pair_weight = 2;
// Of a sample's coefficient, which is between 0 and pair_weight.
constexpr double tolerance = 1e-10;
constexpr int max_iterations = 100;

// log(1 + exp(-margin)) without overflow.
double logistic_loss(double margin) { return std::max(-margin, 0.0) + std::log1p(std::exp(-std::abs(margin))); }

// Minimises |w|^2 / 2 + pair_weight * sum_i log(1 + exp(-w.x_i)). The minimum is in the span of the samples,
// w = sum_i coefficient_i x_i, so that only the samples' products x_i.x_j matter.
class LogisticRegression {
 public:
  explicit LogisticRegression(Eigen::MatrixXd products) : products_(std::move(products)) {
    move_to(Eigen::VectorXd::Zero(products_.rows()));
  }

  [[nodiscard]] const Eigen::VectorXd& coefficients() const { return coefficients_; }

  // Newton's method with step halving: the loss is convex, and the Newton step points downhill.
  void solve() {
    for (int iteration = 0; iteration < max_iterations; ++iteration) {
      // At the minimum each coefficient is pair_weight times the probability of the wrong label.
      const Eigen::VectorXd wrong = (1 + margins_.array().exp()).inverse();
      const Eigen::VectorXd residual = coefficients_ - pair_weight * wrong;
      if (residual.lpNorm<Eigen::Infinity>() <= tolerance) return;
      descend(newton_step(wrong, residual));
    }
    throw Error(ErrorKind::vectors, "the logistic regression of the differences does not converge");
  }

 private:
  // -(I + D K)^-1 residual, K the products and D the diagonal of the losses' second derivatives, by the identity
  // (I + D K)^-1 = I - S (I + S K S)^-1 S K with S = sqrt(D): what is factorised is symmetric and at least I, however
  // small the derivatives are.
  [[nodiscard]] Eigen::VectorXd newton_step(const Eigen::VectorXd& wrong, const Eigen::VectorXd& residual) const {
    const Eigen::VectorXd roots = (pair_weight * wrong.array() * (1 - wrong.array())).sqrt();
    Eigen::MatrixXd system = roots.asDiagonal() * products_ * roots.asDiagonal();
    system.diagonal().array() += 1;
    const Eigen::VectorXd right = roots.cwiseProduct(products_ * residual);
    return roots.cwiseProduct(Eigen::LLT<Eigen::MatrixXd>(system).solve(right)) - residual;
  }

  void descend(Eigen::VectorXd step) {
    // Near the minimum the loss changes by less than its own rounding errors.
    const double limit = loss_ * (1 + 1e-12);
    const Eigen::VectorXd start = coefficients_;
    move_to(start + step);
    while (loss_ > limit) {
      step /= 2;
      move_to(start + step);
    }
  }

  void move_to(Eigen::VectorXd coefficients) {
    coefficients_ = std::move(coefficients);
    margins_ = products_ * coefficients_;
    loss_ = coefficients_.dot(margins_) / 2 + pair_weight * margins_.unaryExpr(&logistic_loss).sum();
  }

  Eigen::MatrixXd products_;  // [samples][samples]
  Eigen::VectorXd coefficients_;
  Eigen::VectorXd margins_;  // w.x_i
  double loss_ = 0;
};

Eigen::VectorXd separating_axis(const Eigen::MatrixXd& differences) {
  // With lengths of about 1, the regularisation weighs the same at every layer and for every model.
  const Eigen::MatrixXd features =
      differences * (std::sqrt(static_cast<double>(differences.cols())) / differences.norm());
  LogisticRegression regression(features.transpose() * features);
  regression.solve();
  return (features * regression.coefficients()).normalized();
}

std::unique_ptr<VectorSource> fit(const MethodTraining& training, const MethodOptions& options, const Job& job) {
  return fit_layer_axes(training, options, job, "logistic", &separating_axis);
}

}  // namespace

SteeringMethod logistic() {
  return {.name = "logistic",
          .summary = "the axis of a logistic regression between the answers, as long as the mean difference along it",
          .fit = &fit,
          .file_architecture = control_vector_architecture,
          .read = &read_constant_source};
}

}  // namespace w2s::methods
