/**
 * What can go wrong with a model (`model.*`) and while it speaks (`scoring.*`).
 *
 * `skip` is the model's own fault, the same on every machine, and counts against it; `retry` is trouble of this machine or of the copy
 * that was fetched, and counts against nobody; `fatal` needs the operator.
 */
import { defineFailures, EXIT } from '../protocol/failure.js';

export const modelFailure = defineFailures({
  'model.manifest_malformed': {
    disposition: 'skip',
    message: 'manifest.json is not a voxd-voice/2 manifest: {problem}',
    hint: 'Seal the folder again with `voxd model seal`; the manifest must be canonical JSON exactly as the command writes it.',
  },
  'model.manifest_too_large': {
    disposition: 'skip',
    message: 'The manifest has {sizeBytes} bytes, at most {maxBytes} are allowed.',
    hint: 'Shorten the token map or the list of files.',
  },
  'model.too_large': {
    disposition: 'skip',
    message: 'The package has {sizeBytes} bytes, at most {maxBytes} are allowed.',
    hint: 'Use a smaller or quantised voice.',
  },
  'model.file_missing': {
    disposition: 'retry',
    message: '{file} of the model package is not there or cannot be read.',
    hint: 'Fetch the package again, or put the file back beside manifest.json.',
  },
  'model.extra_file': {
    disposition: 'retry',
    message: '{file} is in the package folder and not in its manifest.',
    hint: 'Remove it, or seal the folder again with `voxd model seal`.',
  },
  'model.digest_unexpected': {
    disposition: 'retry',
    message: 'The manifest has digest {actual}, not {expected}.',
    hint: 'This folder holds another model; fetch the package again.',
  },
  'model.digest_mismatch': {
    disposition: 'retry',
    message: '{file} differs from its manifest, first in the chunk at byte {offset}.',
    hint: 'The copy is damaged: fetch it again, or seal the folder again if the change was yours.',
  },
  'model.size_mismatch': {
    disposition: 'retry',
    message: '{file} has {actualBytes} bytes, its manifest says {expectedBytes}.',
    hint: 'The copy is incomplete: fetch it again, or seal the folder again if the change was yours.',
  },
  'model.folder_unreadable': {
    disposition: 'retry',
    message: 'The package folder {directory} cannot be used: {problem}',
    hint: 'Check that the folder exists and that this user may read it and, to seal it, write to it.',
  },
  'model.config_malformed': {
    disposition: 'skip',
    message: 'The voice configuration {file} is not one that can be imported: {problem}',
    hint: 'Give the configuration file that was published with the voice.',
  },
  'model.import_incomplete': {
    disposition: 'skip',
    message: 'The voice cannot be imported: {problem}',
    hint: 'See docs/voices.md for the files each kind of voice needs, and `voxd model import --help` for what can be said by hand.',
  },
  'model.graph_malformed': {
    disposition: 'skip',
    message: 'The ONNX file cannot be read: {problem} (byte {offset} of {where}).',
    hint: 'Export the model again; it must be one self-contained ONNX file.',
  },
  'model.graph_limit': {
    disposition: 'skip',
    message: 'The graph has {count} {what}, at most {max} are allowed.',
    hint: 'Simplify the graph (constant folding, no unrolled loops) and export it again.',
  },
  'model.version_unsupported': {
    disposition: 'skip',
    message: '{what} {version} is not supported, only {min} to {max}.',
    hint: 'Export the model with an opset in that range.',
  },
  'model.domain_refused': {
    disposition: 'skip',
    message: 'The graph uses the operator domain "{domain}"; only standard ONNX operators are allowed.',
    hint: 'Export without custom or vendor operators.',
  },
  'model.operator_refused': {
    disposition: 'skip',
    message: 'The graph uses the operator {operator}, which is not on the list of allowed operators.',
    hint: 'Export without it; `voxd model check` lists the allowed operators. Loops and scans are not allowed.',
  },
  'model.external_data': {
    disposition: 'skip',
    message: 'Tensor {tensor} keeps its data in another file.',
    hint: 'Save the model with all tensors inside the one ONNX file.',
  },
  'model.feature_refused': {
    disposition: 'skip',
    message: 'The graph uses {feature}, which is not allowed.',
    hint: 'Export a plain inference graph with dense tensors and no local functions.',
  },
  'model.tensor_malformed': {
    disposition: 'skip',
    message: 'Tensor {tensor} is not valid: {problem}',
    hint: 'Export the model again.',
  },
  'model.interface_mismatch': {
    disposition: 'skip',
    message: 'The graph does not have the inputs and outputs of its manifest: {problem}',
    hint: 'Correct `graphs` and `audio` of the manifest, or export the model again.',
  },
  'model.random_unsupported': {
    disposition: 'skip',
    message: 'The random node {node} cannot be made repeatable: {problem}',
    hint: 'Export with opset 15 or later and a float type on random nodes.',
  },
});

export const scoringFailure = defineFailures({
  'scoring.sandbox_unavailable': {
    disposition: 'fatal',
    message: 'This machine cannot confine the process that runs foreign models: {problem}',
    hint: 'Install util-linux (prlimit), or run on Linux; models are never run unconfined.',
    exit: EXIT.unavailable,
  },
  'scoring.child_start_failed': {
    disposition: 'retry',
    message: 'The sandboxed process did not start: {problem}',
    hint: 'Look at free memory and process limits of this machine; it is tried again.',
  },
  'scoring.child_killed': {
    disposition: 'retry',
    message: 'Something outside this program ended the sandboxed process ({signal}).',
    hint: 'Usually the system ran out of memory: run fewer models at once or add memory. It is tried again.',
  },
  'scoring.starved': {
    disposition: 'retry',
    message: 'The model got {cpuMs} ms of CPU time in {elapsedMs} ms: the machine was too busy to judge it.',
    hint: 'Run fewer models at once on this machine. It is tried again.',
  },
  'scoring.session_closed': {
    disposition: 'retry',
    message: 'The session was closed while the model was speaking.',
    hint: 'Nothing to do; it happens when the program stops.',
  },
  'scoring.child_crashed': {
    disposition: 'skip',
    message: 'The model crashed the process that ran it ({signal}).',
    hint: 'Run `voxd model check` on the package; graphs that crash ONNX Runtime score zero.',
  },
  'scoring.child_misbehaved': {
    disposition: 'skip',
    message: 'The process that ran the model broke its protocol: {problem}',
    hint: 'Run `voxd model check` on the package.',
  },
  'scoring.load_failed': {
    disposition: 'skip',
    message: 'ONNX Runtime refused the model: {problem}',
    hint: 'Run `voxd model check` on the package and export the model again.',
  },
  'scoring.load_timeout': {
    disposition: 'skip',
    message: 'The model was not loaded within {limitMs} ms.',
    hint: 'Use a smaller model, or fold constants before exporting.',
  },
  'scoring.run_failed': {
    disposition: 'skip',
    message: 'The model failed while speaking: {problem}',
    hint: 'Run `voxd model check` on the package; every prompt it lists must work.',
  },
  'scoring.memory_exceeded': {
    disposition: 'skip',
    message: 'The model needs more than {limitBytes} bytes of memory.',
    hint: 'Use a smaller model or shorter intermediate tensors.',
  },
  'scoring.cpu_exceeded': {
    disposition: 'skip',
    message: 'The model used more than {limitSeconds} seconds of CPU time.',
    hint: 'Use a faster model.',
  },
  'scoring.utterance_timeout': {
    disposition: 'skip',
    message: 'The model did not finish an utterance within {limitMs} ms.',
    hint: 'Use a faster model.',
  },
  'scoring.audio_not_finite': {
    disposition: 'skip',
    message: 'Sample {index} of the audio is not a finite number.',
    hint: 'Look for divisions by zero or overflows in the model.',
  },
  'scoring.audio_empty': {
    disposition: 'skip',
    message: 'The model returned no audio.',
    hint: 'Check the bindings of the manifest with `voxd model check`.',
  },
  'scoring.audio_too_long': {
    disposition: 'skip',
    message: 'The model returned {samples} samples, at most {maxSamples} are allowed for one utterance.',
    hint: 'Speak the text only, without long silence before or after it.',
  },
  'scoring.audio_shape': {
    disposition: 'skip',
    message: 'The output is {actual}, the manifest promises {expected}.',
    hint: 'Correct `audio` in the manifest, or export the model again.',
  },
  'scoring.prompt_unspeakable': {
    disposition: 'skip',
    message: 'The token map of the manifest does not know {symbol} of the prompt.',
    hint: 'Give every symbol of our prompts a token id, or let `text.unknown` of the manifest be `drop`; `voxd model check` lists what is missing.',
  },
  'scoring.prompt_too_long': {
    disposition: 'skip',
    message: 'The prompt has {tokens} tokens, the manifest allows {maxTokens}.',
    hint: 'Raise `limits.tokens` in the manifest.',
  },
  'scoring.mel_shape': {
    disposition: 'skip',
    message: 'The acoustic graph gave {actual}, the vocoder takes float32 of {dimensions} dimensions.',
    hint: 'Check that the two graphs belong together, and the ranks in `graphs` of the manifest.',
  },
  'scoring.phonemiser_missing': {
    disposition: 'retry',
    message: 'This voice is read by espeak-ng {version}, which is not installed here.',
    hint: 'Install that version of espeak-ng, or import the voice with `--text espeak`, which needs no phonemiser.',
  },
  'scoring.phonemiser_unsuitable': {
    disposition: 'retry',
    message: 'This voice is read by espeak-ng {expected}; here is {actual}.',
    hint: 'Install the version that the manifest names: another one may pronounce differently.',
  },
  'scoring.phonemiser_failed': {
    disposition: 'retry',
    message: 'espeak-ng did not phonemise a prompt: {problem}',
    hint: 'Run espeak-ng by hand; it is tried again.',
  },
  'scoring.audio_silent': {
    disposition: 'skip',
    message: 'The audio is silent.',
    hint: 'Listen to what the model says to the prompts of `voxd model check`.',
  },
  'scoring.audio_too_short': {
    disposition: 'skip',
    message: 'The audio is too short to hold the text.',
    hint: 'Check the bindings and the token map of the manifest with `voxd model check`.',
  },
  'scoring.not_repeatable': {
    disposition: 'skip',
    message: 'The model said the same prompt differently the second time, with the same seed.',
    hint: 'Export the model without state that outlives a run.',
  },
  'scoring.judge_failed': {
    disposition: 'retry',
    message: 'A judging thread ended or did not answer: {problem}',
    hint: 'Look at free memory of this machine. It is tried again.',
  },
  'scoring.judge_overloaded': {
    disposition: 'retry',
    message: '{waiting} utterances wait to be judged, no more than that may.',
    hint: 'Run fewer models at once or more judging threads. It is tried again.',
  },
  'scoring.judge_closed': {
    disposition: 'retry',
    message: 'The judge was closed before it had heard the utterance.',
    hint: 'Nothing to do; it happens when the program stops.',
  },
  'scoring.profile_incomplete': {
    disposition: 'fatal',
    message: 'Profile {profile} lacks {model}: {problem}',
    hint: 'Set scoring.neural.{model} to a path or https address with #sha256=; `voxd profile fetch` gets what has an address. See docs/scoring.md.',
    exit: EXIT.config,
  },
  'scoring.profile_wrong_model': {
    disposition: 'fatal',
    message: '{model} at {path} has sha256 {actual}, not {expected}.',
    hint: 'Put the pinned file back, or pin the new one on every validator of the subnet: another model is another scorer.',
    exit: EXIT.config,
  },
  'scoring.profile_unfit': {
    disposition: 'fatal',
    message: '{model} cannot serve profile {profile}: {problem}',
    hint: 'docs/scoring.md lists the inputs and outputs that each model of the profile must have.',
    exit: EXIT.config,
  },
});
