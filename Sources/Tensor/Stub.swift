enum TensorTarget {}
