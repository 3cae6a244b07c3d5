import CKernels
import UMamba2
import Volume

/// Operations on feature maps.
extension Tape {
  /// Convolves a map with a part of a parameter's input channels.
  ///
  /// - Parameters:
  ///   - input: The map.
  ///   - parameter: `[output, input channels, axis0, axis1, axis2]`.
  ///   - firstChannel: The parameter's input channel that the map's first one meets.
  ///   - kernel: Taps.
  ///   - stride: From one output voxel to the next.
  ///   - sum: A map to add to, or `nil` for a new one.
  /// - Returns: The output.
  /// - Throws: `TrainingError.convolution` when oneDNN refuses.
  func convolve(
    _ input: FeatureMap, _ parameter: Parameter, firstChannel: Int = 0, kernel: Axes3<Int>,
    stride: Axes3<Int> = Axes3(repeating: 1), addingTo sum: FeatureMap? = nil
  ) throws -> FeatureMap {
    let shape = ConvolutionShape(
      inputChannels: input.channels, outputChannels: parameter.shape[0], size: input.size, kernel: kernel,
      stride: stride, rowChannels: parameter.shape[1], hasPlainInput: input.isPlain)
    let convolution = try convolutions.convolution(shape)
    let size = Axes3(0, 1, 2).map { (input.size[$0] - 1) / stride[$0] + 1 }
    let output = sum ?? map(channels: parameter.shape[0], size: size)
    let offset = firstChannel * kernel.product
    let weights = store.pointer(parameter) + offset
    let weightGradient = store.gradient(parameter) + offset
    try convolution.forward(input.values, weights: weights, into: output.values, accumulates: sum != nil)
    record { [unowned self] in
      guard let gradient = output.gradient else { return }
      try convolution.backwardWeights(input.values, outputGradient: gradient, addingTo: weightGradient)
      if !input.isPlain {
        try self.contribute(to: input) { try convolution.backwardInput(gradient, weights: weights, into: $0) }
      }
    }
    return output
  }

  /// Upsamples a map by a transposed convolution whose kernel is its stride.
  ///
  /// - Parameters:
  ///   - input: The map.
  ///   - parameter: `[input, output, axis0, axis1, axis2]`.
  ///   - bias: One value for each output channel, or `nil`.
  ///   - stride: Voxels that each voxel becomes along each axis.
  /// - Returns: The larger map.
  /// - Throws: `TrainingError.convolution` when oneDNN refuses.
  func upsample(
    _ input: FeatureMap, _ parameter: Parameter, bias: Parameter?, stride: Axes3<Int>
  ) throws -> FeatureMap {
    let size = Axes3(0, 1, 2).map { input.size[$0] * stride[$0] }
    let channels = parameter.shape[1]
    // The convolution from the large map to the small one, run backward.
    let convolution = try convolutions.convolution(
      ConvolutionShape(
        inputChannels: channels, outputChannels: input.channels, size: size, kernel: stride, stride: stride,
        rowChannels: channels), isTransposed: true)
    let output = map(channels: channels, size: size)
    let weights = store.pointer(parameter)
    let weightGradient = store.gradient(parameter)
    let block = Int32(FeatureMap.block)
    try convolution.backwardInput(input.values, weights: weights, into: output.values)
    if let bias {
      canalis_bias_forward(output.values, store.pointer(bias), Int64(channels), Int64(size.product), block)
    }
    record { [unowned self] in
      guard let gradient = output.gradient else { return }
      if let bias {
        canalis_bias_backward(gradient, Int64(channels), Int64(size.product), block, self.store.gradient(bias))
      }
      try convolution.backwardWeights(gradient, outputGradient: input.values, addingTo: weightGradient)
      try self.contribute(to: input) { try convolution.forward(gradient, weights: weights, into: $0) }
    }
    return output
  }

  /// Normalizes each channel over its voxels, adds a residual, and applies the leaky ReLU. Going backward overwrites the
  /// input.
  ///
  /// - Parameters:
  ///   - input: The map; nothing else may use it.
  ///   - prefix: Name of the norm; its parameters end in `.weight` and `.bias`.
  ///   - residual: Added before the activation, or `nil`.
  ///   - epsilon: Added to the variance.
  ///   - slope: Of the activation; 1 for none.
  /// - Returns: The output.
  func normalize(
    _ input: FeatureMap, prefix: String, residual: FeatureMap? = nil, epsilon: Float, slope: Float
  ) -> FeatureMap {
    let scale = store.parameter("\(prefix).weight")
    let shift = store.parameter("\(prefix).bias")
    let output = map(channels: input.channels, size: input.size)
    let padded = input.blocks * FeatureMap.block
    let mean = pool.take(padded)
    let inverse = pool.take(padded)
    let (channels, voxels, block) = (Int64(input.channels), Int64(input.voxels), Int32(FeatureMap.block))
    canalis_norm_forward(
      input.values, residual?.values, store.pointer(scale), store.pointer(shift), channels, voxels, block, epsilon,
      slope, mean, inverse, output.values)
    record { [unowned self] in
      guard let gradient = output.gradient else { return }
      canalis_norm_backward(
        gradient, output.values, input.values, self.store.pointer(scale), mean, inverse, channels, voxels, block,
        slope, self.store.gradient(scale), self.store.gradient(shift))
      input.gradient = input.values
      guard let residual else { return }
      if let sum = residual.gradient {
        canalis_add(sum, gradient, Int64(residual.count))
      } else {
        // Nobody reads the output's gradient after this step.
        residual.gradient = gradient
      }
    }
    return output
  }

  /// Means over boxes.
  func pool(_ input: FeatureMap, stride: Axes3<Int>) -> FeatureMap {
    let output = map(channels: input.channels, size: Axes3(0, 1, 2).map { input.size[$0] / stride[$0] })
    let size = input.size.array.map(Int64.init)
    let strides = stride.array.map(Int64.init)
    let (blocks, block) = (Int64(input.blocks), Int32(FeatureMap.block))
    canalis_pool_forward(input.values, blocks, size, strides, block, output.values)
    record { [unowned self] in
      guard let gradient = output.gradient else { return }
      self.contribute(to: input) { canalis_pool_backward(gradient, blocks, size, strides, block, $0) }
    }
    return output
  }

  /// Adds a learned map of dense prompts to a map, in place.
  func addPrompts(_ maps: DensePromptMaps, _ parameter: Parameter, to target: FeatureMap) {
    if maps.cells.isEmpty { return }
    let (count, width) = (Int64(maps.cells.count), Int64(maps.mapCount))
    let (channels, voxels, block) = (Int64(target.channels), Int64(target.voxels), Int32(FeatureMap.block))
    canalis_prompt_forward(
      target.values, maps.cells, maps.values, count, width, store.pointer(parameter), channels, voxels, block)
    record { [unowned self] in
      guard let gradient = target.gradient else { return }
      canalis_prompt_backward(
        gradient, maps.cells, maps.values, count, width, channels, voxels, block, self.store.gradient(parameter))
    }
  }

  /// A map's voxels as tokens, row-major.
  func tokens(of input: FeatureMap) -> TokenRows {
    let output = rows(input.voxels, input.channels)
    let (channels, voxels, block) = (Int64(input.channels), Int64(input.voxels), Int32(FeatureMap.block))
    canalis_unblock(input.values, channels, voxels, block, output.values)
    record { [unowned self] in
      guard let gradient = output.gradient else { return }
      self.contribute(to: input) { canalis_block(gradient, channels, voxels, block, $0) }
    }
    return output
  }

  /// Tokens as a map.
  func map(of input: TokenRows, size: Axes3<Int>) -> FeatureMap {
    let output = map(channels: input.width, size: size)
    let (channels, voxels, block) = (Int64(input.width), Int64(input.rows), Int32(FeatureMap.block))
    canalis_block(input.values, channels, voxels, block, output.values)
    record { [unowned self] in
      guard let gradient = output.gradient else { return }
      let mark = self.pool.mark()
      let plain = self.pool.take(input.count)
      canalis_unblock(gradient, channels, voxels, block, plain)
      if let sum = input.gradient {
        canalis_add(sum, plain, Int64(input.count))
        self.pool.release(to: mark)
      } else {
        input.gradient = plain
      }
    }
    return output
  }

  /// Class scores of a map, plain `[classes, voxels]`. Whoever computes the loss replaces them by their gradient before
  /// the tape goes backward.
  func scores(_ input: FeatureMap, prefix: String, classes: Int) -> UnsafeMutablePointer<Float> {
    let weight = store.parameter("\(prefix).weight")
    let bias = store.parameter("\(prefix).bias")
    let output = pool.take(classes * input.voxels)
    let (channels, voxels, block) = (Int64(input.channels), Int64(input.voxels), Int32(FeatureMap.block))
    canalis_head_forward(
      input.values, store.pointer(weight), store.pointer(bias), channels, Int64(classes), voxels, block, output)
    record { [unowned self] in
      self.contribute(to: input) {
        canalis_head_backward(
          input.values, self.store.pointer(weight), output, channels, Int64(classes), voxels, block, $0,
          self.store.gradient(weight), self.store.gradient(bias))
      }
    }
    return output
  }
}
