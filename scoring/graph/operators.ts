/**
 * The standard operators a voice or a judge may use. Left out on purpose: Scan, random operators other than the four that are replaced, Dropout,
 * Bernoulli and Multinomial (random), string operators, and everything that nobody's voice needs.
 */
export const RANDOM_OPERATORS: ReadonlySet<string> = new Set(['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike']);

export const ALLOWED_OPERATORS: ReadonlySet<string> = new Set(
  `Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization Cast CastLike Ceil Celu Clip Concat Constant
  ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DepthToSpace DequantizeLinear Div DynamicQuantizeLinear Einsum Elu Equal Erf
  Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual
  GroupNormalization HardSigmoid HardSwish Hardmax Identity If InstanceNormalization IsInf IsNaN LSTM LayerNormalization LeakyRelu Less
  LessOrEqual Log LogSoftmax LpNormalization MatMul MatMulInteger Max MaxPool Mean Min Mish Mod Mul Neg NonZero Not OneHot Or PRelu Pad Pow
  QLinearConv QLinearMatMul QuantizeLinear RNN RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range Reciprocal ReduceL1 ReduceL2
  ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence Round
  ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub
  Sum Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Upsample Where Xor`.split(/\s+/),
);

/**
 * Beside them, for a manifest that asks for `loops`: what exporters by tracing write for a repeat by durations (Kokoro's do). A loop without end
 * costs no more than a product of large matrices that is allowed anyway: the limits on time and CPU end both.
 */
export const LOOP_OPERATORS: ReadonlySet<string> = new Set([
  'ConcatFromSequence',
  'Loop',
  'SequenceAt',
  'SequenceConstruct',
  'SequenceEmpty',
  'SequenceInsert',
  'SequenceLength',
  'SplitToSequence',
]);
