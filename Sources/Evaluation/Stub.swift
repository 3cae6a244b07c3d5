enum EvaluationTarget {}
