import Foundation
import Layers
import UMamba2
import Volume

/// The whole network in double precision, written as its formulas, from the same parameters as the one under test.
package struct OracleNetwork {
  package let plan: NetworkPlan
  package var parameters: [String: [Double]]

  package init(plan: NetworkPlan, parameters: [String: [Double]]) {
    self.plan = plan
    self.parameters = parameters
  }

  package init(plan: NetworkPlan, source: any ParameterSource) throws {
    self.plan = plan
    parameters = [:]
    for parameter in plan.parameters {
      parameters[parameter.name] = try source.values(of: parameter.name, shape: parameter.shape).map(Double.init)
    }
  }

  private func p(_ name: String) -> [Double] { parameters[name] ?? [] }

  private func norm(_ map: OracleMap, _ prefix: String, residual: OracleMap? = nil, slope: Double? = nil) -> OracleMap {
    map.normalized(
      p("\(prefix).weight"), p("\(prefix).bias"), epsilon: Double(plan.instanceNormEpsilon), residual: residual,
      slope: slope ?? Double(plan.leakySlope))
  }

  private func unit(
    _ map: OracleMap, _ prefix: String, outputs: Int, kernel: Axes3<Int>, stride: Axes3<Int> = Axes3(repeating: 1)
  ) -> OracleMap {
    norm(
      map.convolved(p("\(prefix).conv.weight"), outputs: outputs, kernel: kernel, stride: stride), "\(prefix).norm")
  }

  /// Scores of each resolution, the full one first.
  package func scores(image: OracleMap, prompts: [PointPrompt]) -> [OracleMap] {
    var map = unit(image, "encoder.stem.convs.0", outputs: plan.features[0], kernel: plan.kernels[0])
    var skips: [OracleMap] = []
    for stage in plan.features.indices {
      for block in 0..<plan.blocksPerStage[stage] {
        let prefix = "encoder.stages.\(stage).blocks.\(block)"
        let stride = block == 0 ? plan.strides[stage] : Axes3(repeating: 1)
        var skip = map
        if block == 0 && plan.skipPools(stage: stage) { skip = skip.pooled(stride) }
        if block == 0 && plan.skipConvolves(stage: stage) {
          let name = "\(prefix).skip.\(plan.skipPools(stage: stage) ? 1 : 0)"
          skip = skip.convolved(
            p("\(name).conv.weight"), outputs: plan.features[stage], kernel: Axes3(repeating: 1),
            stride: Axes3(repeating: 1))
          skip = norm(skip, "\(name).norm", slope: 1)
        }
        let kernel = plan.kernels[stage]
        let first = unit(map, "\(prefix).conv1", outputs: plan.features[stage], kernel: kernel, stride: stride)
        let second = first.convolved(
          p("\(prefix).conv2.conv.weight"), outputs: plan.features[stage], kernel: kernel,
          stride: Axes3(repeating: 1))
        map = norm(second, "\(prefix).conv2.norm", residual: skip)
      }
      skips.append(map)
    }
    let tokens = bottleneck(map, prompts: prompts)
    for row in 0..<tokens.rows {
      for channel in 0..<tokens.width {
        map.values[channel * tokens.rows + row] = tokens.values[row * tokens.width + channel]
      }
    }
    add(prompts, "dense_prompts.bottleneck.weight", to: &map)
    var scores: [OracleMap] = []
    for stage in plan.decoderConvolutions.indices {
      let level = plan.features.count - 2 - stage
      let up = "decoder.transpconvs.\(stage)"
      map = map.upsampled(
        p("\(up).weight"), bias: plan.convolutionBias ? p("\(up).bias") : nil, outputs: plan.features[level],
        stride: plan.strides[level + 1])
      add(prompts, "dense_prompts.stages.\(stage).weight", to: &map)
      map.values += skips[level].values
      map.channels *= 2
      for number in 0..<plan.decoderConvolutions[stage] {
        map = unit(
          map, "decoder.stages.\(stage).convs.\(number)", outputs: plan.features[level], kernel: plan.kernels[level])
      }
      let head = "decoder.seg_layers.\(stage)"
      var score = map.convolved(
        p("\(head).weight"), outputs: plan.classes, kernel: Axes3(repeating: 1), stride: Axes3(repeating: 1))
      for at in score.values.indices { score.values[at] += p("\(head).bias")[at / score.size.product] }
      scores.append(score)
    }
    return scores.reversed()
  }

  private func add(_ prompts: [PointPrompt], _ name: String, to map: inout OracleMap) {
    guard let promptPlan = plan.prompts, let dense = promptPlan.dense else { return }
    let weights = p(name)
    let maps = promptPlan.clickKinds * dense.sigmasInVoxels.count
    let cell = Axes3(0, 1, 2).map { Double(plan.patch[$0]) / Double(map.size[$0]) }
    let channels = map.channels
    let size = map.size
    var sum = map.values
    OracleMap.forEach(size) { index in
      for kind in 0..<promptPlan.clickKinds {
        for (number, sigma) in dense.sigmasInVoxels.enumerated() where sigma <= 8 * cell.array.reduce(0, max) {
          let deviation = max(sigma, 0.7 * cell.array.reduce(0, max))
          var highest = 0.0
          for prompt in prompts where prompt.kind == kind {
            var square = 0.0
            for axis in 0..<3 {
              let distance = (Double(index[axis]) + 0.5) * cell[axis] - Double(prompt.voxel[axis]) - 0.5
              square += distance * distance
            }
            if square <= 9 * deviation * deviation {
              highest = max(highest, exp(-square / (2 * deviation * deviation)))
            }
          }
          for channel in 0..<channels {
            sum[channel * size.product + size.offset(of: index)] +=
              weights[channel * maps + kind * dense.sigmasInVoxels.count + number] * highest
          }
        }
      }
    }
    map.values = sum
  }

  // MARK: Bottleneck

  private func layerNorm(_ rows: OracleRows, _ prefix: String) -> OracleRows {
    rows.layerNormalized(p("\(prefix).weight"), p("\(prefix).bias"))
  }

  private func linear(_ rows: OracleRows, _ prefix: String) -> OracleRows {
    let bias = p("\(prefix).bias")
    return rows.linear(p("\(prefix).weight"), bias, outputs: bias.count)
  }

  private func bottleneck(_ map: OracleMap, prompts: [PointPrompt]) -> OracleRows {
    let count = map.size.product
    var tokens = OracleRows(count, map.channels)
    for row in 0..<count {
      for channel in 0..<map.channels {
        tokens.values[row * map.channels + channel] = map.values[channel * count + row]
      }
    }
    tokens = mamba(layerNorm(tokens, "mamba_layer.norm"))
    guard let promptPlan = plan.prompts else { return tokens }
    return crossAttention(tokens, size: map.size, prompts: prompts, plan: promptPlan)
  }

  private func mamba(_ tokens: OracleRows) -> OracleRows {
    let (inner, heads, state) = (plan.mamba.innerWidth, plan.mamba.heads, plan.mamba.stateSize)
    let prefix = "mamba_layer.mamba"
    let width = 2 * inner + 2 * state + heads
    let projected = tokens.linear(p("\(prefix).in_proj.weight"), nil, outputs: width)
    let convolvedWidth = inner + 2 * state
    let taps = plan.mamba.convolutionWidth
    let kernel = p("\(prefix).conv1d.weight")
    func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }
    var convolved = OracleRows(tokens.rows, convolvedWidth)
    for row in 0..<tokens.rows {
      for index in 0..<convolvedWidth {
        var sum = p("\(prefix).conv1d.bias")[index]
        for tap in 0..<taps where row + tap - (taps - 1) >= 0 {
          sum += kernel[index * taps + tap] * projected.values[(row + tap - (taps - 1)) * width + inner + index]
        }
        convolved.values[row * convolvedWidth + index] = silu(sum)
      }
    }
    var output = OracleRows(tokens.rows, inner)
    let headWidth = inner / heads
    for head in 0..<heads {
      var states = [Double](repeating: 0, count: headWidth * state)
      let rate = -exp(p("\(prefix).A_log")[head])
      for row in 0..<tokens.rows {
        let raw = projected.values[row * width + inner + convolvedWidth + head] + p("\(prefix).dt_bias")[head]
        let step = log1p(exp(raw))
        let base = row * convolvedWidth
        for place in 0..<headWidth {
          let x = convolved.values[base + head * headWidth + place]
          var y = p("\(prefix).D")[head] * x
          for index in 0..<state {
            let b = convolved.values[base + inner + index]
            let c = convolved.values[base + inner + state + index]
            states[place * state + index] = exp(step * rate) * states[place * state + index] + step * x * b
            y += states[place * state + index] * c
          }
          output.values[row * inner + head * headWidth + place] = y
        }
      }
    }
    for row in 0..<tokens.rows {
      var square = 0.0
      for index in 0..<inner {
        output.values[row * inner + index] *= silu(projected.values[row * width + index])
        square += output.values[row * inner + index] * output.values[row * inner + index]
      }
      for index in 0..<inner {
        output.values[row * inner + index] *= p("\(prefix).norm.weight")[index]
        output.values[row * inner + index] /= (square / Double(inner) + 1e-5).squareRoot()
      }
    }
    return output.linear(p("\(prefix).out_proj.weight"), nil, outputs: tokens.width)
  }

  private func code(_ place: [Double]) -> [Double] {
    let matrix = p("mamba_layer.point_encoder.pe_layer.positional_encoding_gaussian_matrix")
    let half = matrix.count / 3
    let angles = (0..<half).map { index in
      2 * Double.pi * (0..<3).reduce(0) { $0 + (2 * place[$1] - 1) * matrix[$1 * half + index] }
    }
    return angles.map { sin($0) } + angles.map { cos($0) }
  }

  private func attention(_ q: OracleRows, _ k: OracleRows, _ v: OracleRows, _ prefix: String, heads: Int) -> OracleRows
  {
    let (q, k, v) = (linear(q, "\(prefix).q_proj"), linear(k, "\(prefix).k_proj"), linear(v, "\(prefix).v_proj"))
    let head = q.width / heads
    var output = OracleRows(q.rows, q.width)
    for index in 0..<heads {
      for target in 0..<q.rows {
        var shares = [Double](repeating: 0, count: k.rows)
        for source in 0..<k.rows {
          for place in index * head..<(index + 1) * head {
            shares[source] += q.values[target * q.width + place] * k.values[source * q.width + place]
          }
          shares[source] = exp(shares[source] / Double(head).squareRoot())
        }
        let total = shares.reduce(0, +)
        for source in 0..<k.rows {
          for place in index * head..<(index + 1) * head {
            output.values[target * q.width + place] += shares[source] / total * v.values[source * q.width + place]
          }
        }
      }
    }
    return linear(output, "\(prefix).out_proj")
  }

  private func crossAttention(
    _ tokens: OracleRows, size: Axes3<Int>, prompts: [PointPrompt], plan promptPlan: NetworkPlan.PromptPlan
  ) -> OracleRows {
    var image = tokens
    var imageCode = OracleRows(tokens.rows, tokens.width)
    var row = 0
    OracleMap.forEach(size) { index in
      let values = code((0..<3).map { (Double(index[$0]) + 0.5) / Double(size[$0]) })
      for channel in 0..<tokens.width { imageCode.values[row * tokens.width + channel] = values[channel] }
      row += 1
    }
    let encoder = "mamba_layer.point_encoder"
    var initial = OracleRows(prompts.count + 1, tokens.width)
    for (number, prompt) in prompts.enumerated() {
      guard prompt.kind >= 0 else {
        for channel in 0..<tokens.width {
          initial.values[number * tokens.width + channel] = p("\(encoder).not_a_point_embed.weight")[channel]
        }
        continue
      }
      let values = code((0..<3).map { (Double(prompt.voxel[$0]) + 0.5) / Double(plan.patch[$0]) })
      let embedding = p("\(encoder).point_embeddings.\(prompt.kind).weight")
      for channel in 0..<tokens.width {
        initial.values[number * tokens.width + channel] = values[channel] + embedding[channel]
      }
    }
    for channel in 0..<tokens.width {
      initial.values[prompts.count * tokens.width + channel] = p("\(encoder).not_a_point_embed.weight")[channel]
    }
    var clicks = initial
    let heads = promptPlan.attentionHeads
    for block in 0..<promptPlan.attentionBlocks {
      let prefix = "mamba_layer.cross_attention.\(block)"
      if block == 0 {
        clicks = attention(clicks, clicks, clicks, "\(prefix).self_attn", heads: heads)
      } else {
        let query = clicks + initial
        clicks = clicks + attention(query, query, clicks, "\(prefix).self_attn", heads: heads)
      }
      clicks = layerNorm(clicks, "\(prefix).norm1")
      let key = image + imageCode
      clicks = layerNorm(
        clicks + attention(clicks + initial, key, image, "\(prefix).cross_attn_token_to_image", heads: heads),
        "\(prefix).norm2")
      var hidden = linear(clicks, "\(prefix).mlp.layers.0")
      for index in hidden.values.indices { hidden.values[index] = max(0, hidden.values[index]) }
      clicks = layerNorm(clicks + linear(hidden, "\(prefix).mlp.layers.1"), "\(prefix).norm3")
      image = layerNorm(
        image + attention(key, clicks + initial, clicks, "\(prefix).cross_attn_image_to_token", heads: heads),
        "\(prefix).norm4")
    }
    return image
  }
}
