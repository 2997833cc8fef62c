// umappp, which is written for Eigen 5, with the Eigen 3.4 of everything else here.
#pragma once

#include <Eigen/SVD>

// irlba names the parts of the decomposition that it wants in the type, as one does since Eigen 5; Eigen 3.4 takes the
// second argument for a preconditioner and its own members do not compile with this one.
template <>
class Eigen::JacobiSVD<Eigen::MatrixXd, Eigen::ComputeThinU | Eigen::ComputeThinV>
    : public Eigen::JacobiSVD<Eigen::MatrixXd> {
 public:
  JacobiSVD(Eigen::Index rows, Eigen::Index columns)
      : Eigen::JacobiSVD<Eigen::MatrixXd>(rows, columns, Eigen::ComputeThinU | Eigen::ComputeThinV) {}
};

#include <umappp/umappp.hpp>
