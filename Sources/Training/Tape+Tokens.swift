import CKernels
import COpenBLAS
import Foundation
import UMamba2

/// `C = alpha A B + beta C` for row-major matrices with optional transposition.
func multiply(
  _ a: UnsafePointer<Float>, _ transposesA: Bool, _ b: UnsafePointer<Float>, _ transposesB: Bool,
  _ c: UnsafeMutablePointer<Float>, rows: Int, columns: Int, inner: Int, alpha: Float = 1, beta: Float = 0,
  strideA: Int, strideB: Int, strideC: Int
) {
  cblas_sgemm(
    CblasRowMajor, transposesA ? CblasTrans : CblasNoTrans, transposesB ? CblasTrans : CblasNoTrans, blasint(rows),
    blasint(columns), blasint(inner), alpha, a, blasint(strideA), b, blasint(strideB), beta, c, blasint(strideC))
}

/// Operations on tokens.
extension Tape {
  /// `y = x Wᵀ + b`, W `[output, input]`.
  func linear(_ input: TokenRows, weight: Parameter, bias: Parameter?) -> TokenRows {
    let (rows, inner, width) = (input.rows, input.width, weight.shape[0])
    let output = self.rows(rows, width)
    if let bias {
      for row in 0..<rows { (output.values + row * width).update(from: store.pointer(bias), count: width) }
    }
    multiply(
      input.values, false, store.pointer(weight), true, output.values, rows: rows, columns: width, inner: inner,
      beta: bias == nil ? 0 : 1, strideA: inner, strideB: inner, strideC: width)
    record { [unowned self] in
      guard let gradient = output.gradient else { return }
      multiply(
        gradient, true, input.values, false, self.store.gradient(weight), rows: width, columns: inner, inner: rows,
        beta: 1, strideA: width, strideB: inner, strideC: inner)
      if let bias {
        let sum = self.store.gradient(bias)
        for row in 0..<rows {
          for index in 0..<width { sum[index] += gradient[row * width + index] }
        }
      }
      multiply(
        gradient, false, self.store.pointer(weight), false, self.gradient(of: input), rows: rows, columns: inner,
        inner: width, beta: 1, strideA: width, strideB: inner, strideC: inner)
    }
    return output
  }

  /// `linear` with the parameters `prefix.weight` and `prefix.bias`.
  func linear(_ input: TokenRows, prefix: String) -> TokenRows {
    linear(input, weight: store.parameter("\(prefix).weight"), bias: store.parameter("\(prefix).bias"))
  }

  /// Layer norm with epsilon 1e-5 and the parameters `prefix.weight` and `prefix.bias`.
  func layerNorm(_ input: TokenRows, prefix: String) -> TokenRows {
    let scale = store.parameter("\(prefix).weight")
    let shift = store.parameter("\(prefix).bias")
    let output = rows(input.rows, input.width)
    let mean = pool.take(input.rows)
    let inverse = pool.take(input.rows)
    let (count, width) = (Int64(input.rows), Int64(input.width))
    canalis_layer_norm_forward(
      input.values, store.pointer(scale), store.pointer(shift), count, width, 1e-5, mean, inverse, output.values)
    record { [unowned self] in
      guard let gradient = output.gradient else { return }
      canalis_layer_norm_backward(
        input.values, gradient, self.store.pointer(scale), mean, inverse, count, width, self.gradient(of: input),
        self.store.gradient(scale), self.store.gradient(shift))
    }
    return output
  }

  /// The sum of two matrices of tokens.
  func add(_ first: TokenRows, _ second: TokenRows) -> TokenRows {
    let output = rows(first.rows, first.width)
    for index in 0..<output.count { output.values[index] = first.values[index] + second.values[index] }
    record { [unowned self] in
      guard let gradient = output.gradient else { return }
      for input in [first, second] { canalis_add(self.gradient(of: input), gradient, Int64(output.count)) }
    }
    return output
  }

  /// The larger of each number and 0.
  func rectify(_ input: TokenRows) -> TokenRows {
    let output = rows(input.rows, input.width)
    for index in 0..<output.count { output.values[index] = max(0, input.values[index]) }
    record { [unowned self] in
      guard let gradient = output.gradient else { return }
      let sum = self.gradient(of: input)
      for index in 0..<output.count where output.values[index] > 0 { sum[index] += gradient[index] }
    }
    return output
  }

  /// Multi-head attention with the projections `prefix.q_proj`, `.k_proj`, `.v_proj`, `.out_proj`.
  func attention(
    queries: TokenRows, keys: TokenRows, values: TokenRows, prefix: String, heads: Int
  ) -> TokenRows {
    let q = linear(queries, prefix: "\(prefix).q_proj")
    let k = linear(keys, prefix: "\(prefix).k_proj")
    let v = linear(values, prefix: "\(prefix).v_proj")
    return linear(attend(q, k, v, heads: heads), prefix: "\(prefix).out_proj")
  }

  /// `softmax(q kᵀ / √width) v`, head by head.
  private func attend(_ q: TokenRows, _ k: TokenRows, _ v: TokenRows, heads: Int) -> TokenRows {
    let (width, targets, sources) = (q.width, q.rows, k.rows)
    let head = width / heads
    let scale = 1 / Float(head).squareRoot()
    let output = rows(targets, width)
    let shares = pool.take(heads * targets * sources)
    for index in 0..<heads {
      let offset = index * head
      let share = shares + index * targets * sources
      multiply(
        q.values + offset, false, k.values + offset, true, share, rows: targets, columns: sources, inner: head,
        alpha: scale, strideA: width, strideB: width, strideC: sources)
      for row in 0..<targets { softmax(share + row * sources, sources) }
      multiply(
        share, false, v.values + offset, false, output.values + offset, rows: targets, columns: head, inner: sources,
        strideA: sources, strideB: width, strideC: width)
    }
    record { [unowned self] in
      guard let gradient = output.gradient else { return }
      let (dq, dk, dv) = (self.gradient(of: q), self.gradient(of: k), self.gradient(of: v))
      let mark = self.pool.mark()
      let dShare = self.pool.take(targets * sources)
      for index in 0..<heads {
        let offset = index * head
        let share = shares + index * targets * sources
        multiply(
          share, true, gradient + offset, false, dv + offset, rows: sources, columns: head, inner: targets, beta: 1,
          strideA: sources, strideB: width, strideC: width)
        multiply(
          gradient + offset, false, v.values + offset, true, dShare, rows: targets, columns: sources, inner: head,
          strideA: width, strideB: width, strideC: sources)
        for row in 0..<targets {
          let (p, d) = (share + row * sources, dShare + row * sources)
          var mean: Double = 0
          for source in 0..<sources { mean += Double(p[source]) * Double(d[source]) }
          for source in 0..<sources { d[source] = p[source] * (d[source] - Float(mean)) }
        }
        multiply(
          dShare, false, k.values + offset, false, dq + offset, rows: targets, columns: head, inner: sources,
          alpha: scale, beta: 1, strideA: sources, strideB: width, strideC: width)
        multiply(
          dShare, true, q.values + offset, false, dk + offset, rows: sources, columns: head, inner: targets,
          alpha: scale, beta: 1, strideA: sources, strideB: width, strideC: width)
      }
      self.pool.release(to: mark)
    }
    return output
  }

  private func softmax(_ row: UnsafeMutablePointer<Float>, _ count: Int) {
    var highest = row[0]
    for index in 1..<max(1, count) { highest = max(highest, row[index]) }
    var total: Float = 0
    for index in 0..<count {
      row[index] = exp(row[index] - highest)
      total += row[index]
    }
    for index in 0..<count { row[index] /= total }
  }

  /// The two-layer perceptron `prefix.layers.0`, ReLU, `prefix.layers.1`.
  func perceptron(_ input: TokenRows, prefix: String) -> TokenRows {
    linear(rectify(linear(input, prefix: "\(prefix).layers.0")), prefix: "\(prefix).layers.1")
  }

  /// Mamba2 in its simple form over tokens in order (Dao and Gu, arXiv:2405.21060): projection, causal convolution,
  /// scan, gated norm, projection.
  func mamba(_ input: TokenRows, plan: NetworkPlan.MambaPlan, prefix: String) -> TokenRows {
    let (rows, inner, heads, state) = (input.rows, plan.innerWidth, plan.heads, plan.stateSize)
    let convolvedWidth = inner + 2 * state
    let projected = linear(input, weight: store.parameter("\(prefix).in_proj.weight"), bias: nil)
    let gated = mambaCore(
      projected, plan: plan, prefix: prefix, convolvedWidth: convolvedWidth, rows: rows, heads: heads, state: state)
    return linear(gated, weight: store.parameter("\(prefix).out_proj.weight"), bias: nil)
  }

  /// From the projection `[z | x B C | dt]` to the gated norm.
  private func mambaCore(
    _ projected: TokenRows, plan: NetworkPlan.MambaPlan, prefix: String, convolvedWidth: Int, rows: Int, heads: Int,
    state: Int
  ) -> TokenRows {
    let inner = plan.innerWidth
    let stride = Int64(projected.width)
    let taps = Int64(plan.convolutionWidth)
    func parameter(_ name: String) -> Parameter { store.parameter("\(prefix).\(name)") }
    let (kernel, kernelBias) = (parameter("conv1d.weight"), parameter("conv1d.bias"))
    let (stepBias, logRate, skip) = (parameter("dt_bias"), parameter("A_log"), parameter("D"))
    let scale = parameter("norm.weight")

    let sums = pool.take(rows * convolvedWidth)
    let convolved = pool.take(rows * convolvedWidth)
    canalis_causal_forward(
      projected.values + inner, stride, store.pointer(kernel), store.pointer(kernelBias), Int64(rows),
      Int64(convolvedWidth), taps, sums, convolved)

    let raw = pool.take(rows * heads)
    let steps = pool.take(rows * heads)
    let rates = pool.take(heads)
    for head in 0..<heads { rates[head] = -exp(store.pointer(logRate)[head]) }
    for row in 0..<rows {
      for head in 0..<heads {
        let value =
          projected.values[row * projected.width + inner + convolvedWidth + head] + store.pointer(stepBias)[head]
        raw[row * heads + head] = value
        steps[row * heads + head] = value > 20 ? value : log1p(exp(value))
      }
    }

    let shape = CanalisScanShape(
      rows: Int64(rows), heads: Int64(heads), width: Int64(inner / heads), state: Int64(state))
    let states = pool.take(rows * inner * state)
    let scanned = pool.take(rows * inner)
    canalis_scan_forward(shape, convolved, steps, rates, store.pointer(skip), states, scanned)

    let inverse = pool.take(rows)
    let output = self.rows(rows, inner)
    canalis_gated_norm_forward(
      scanned, projected.values, stride, store.pointer(scale), Int64(rows), Int64(inner), 1e-5, inverse,
      output.values)

    record { [unowned self] in
      guard let gradient = output.gradient else { return }
      let sum = self.gradient(of: projected)
      let mark = self.pool.mark()
      let scannedGradient = self.pool.take(rows * inner)
      canalis_gated_norm_backward(
        scanned, projected.values, stride, self.store.pointer(scale), inverse, gradient, Int64(rows), Int64(inner),
        scannedGradient, sum, self.store.gradient(scale))
      let convolvedGradient = self.pool.take(rows * convolvedWidth)
      let stepGradient = self.pool.take(rows * heads)
      let rateGradient = self.pool.takeZeros(heads)
      let partial = self.pool.take(heads * rows * 2 * state)
      canalis_scan_backward(
        shape, convolved, steps, rates, self.store.pointer(skip), states, scannedGradient, convolvedGradient,
        stepGradient, rateGradient, self.store.gradient(skip), partial)
      for head in 0..<heads { self.store.gradient(logRate)[head] += rateGradient[head] * rates[head] }
      for row in 0..<rows {
        for head in 0..<heads {
          let value = stepGradient[row * heads + head] / (1 + exp(-raw[row * heads + head]))
          self.store.gradient(stepBias)[head] += value
          sum[row * projected.width + inner + convolvedWidth + head] += value
        }
      }
      canalis_causal_backward(
        projected.values + inner, stride, self.store.pointer(kernel), convolvedGradient, sums, Int64(rows),
        Int64(convolvedWidth), taps, sum + inner, self.store.gradient(kernel), self.store.gradient(kernelBias))
      self.pool.release(to: mark)
    }
    return output
  }
}
