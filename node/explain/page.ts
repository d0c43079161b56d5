/** One model as a page to look at and to listen to: one HTML file that needs nothing else, without a script. Pure. */
import { FAULTS, type PartLoss } from '../../scoring/losses.js';
import { escapeText } from '../../scoring/pictures/svg.js';
import { partWords, points } from './advice.js';
import type { ExplainedPrompt } from './explain.js';
import { PAGE_STYLE } from './page-style.js';

/** Nothing is fetched and nothing runs, whatever a name in it says. */
export const PAGE_POLICY =
  "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'";

/** An utterance that was kept. */
export interface PageUtterance {
  /** Place of the prompt; private ones have none among the public ones. */
  readonly prompt: number;
  readonly kind: string;
  readonly scorePpm: number;
  /** A whole SVG document, and the same in words. */
  readonly svg: string;
  readonly words: string;
  readonly wav: Uint8Array;
}

export interface Page {
  readonly title: string;
  readonly subtitle: string;
  /** The few numbers that stand above all. */
  readonly figures: readonly { readonly label: string; readonly value: string; readonly note?: string }[];
  readonly advice: readonly string[];
  readonly parts: readonly PartLoss[];
  readonly prompts: readonly ExplainedPrompt[];
  readonly utterances: readonly PageUtterance[];
  /** Names and values for who wants to check. */
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** Shape: what is known → a whole HTML document. Every text in it is taken for foreign. */
export function renderPage(page: Page): string {
  const { title, subtitle, figures, advice, parts, prompts, utterances, facts } = page;
  const body = [
    `<header><h1>${escapeText(title)}</h1><p class="sub">${escapeText(subtitle)}</p></header>`,
    `<section class="figures">${figures.map(figure).join('')}</section>`,
    section(
      'What to do',
      advice.length === 0 ? '' : `<ul class="advice">${advice.map((line) => `<li>${escapeText(line)}</li>`).join('')}</ul>`,
    ),
    section('Where the points go', parts.length === 0 ? '' : partsTable(parts)),
    section('Listen: the first and the worst utterances', utterances.map((one) => card(one, prompts)).join('')),
    section('Every prompt', prompts.length === 0 ? '' : promptsTable(prompts, parts)),
    section('To check it', facts.length === 0 ? '' : factList(facts)),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${PAGE_POLICY}">
<title>${escapeText(title)}</title><style>${PAGE_STYLE}</style></head>
<body><main>${body.join('\n')}</main></body></html>
`;
}

function section(title: string, body: string): string {
  return body === '' ? '' : `<section><h2>${title}</h2>${body}</section>`;
}

function figure({ label, value, note }: Page['figures'][number]): string {
  const small = note === undefined ? '' : `<span class="note">${escapeText(note)}</span>`;
  return `<div class="figure"><span class="label">${escapeText(label)}</span><span class="value">${escapeText(value)}</span>${small}</div>`;
}

function partsTable(parts: readonly PartLoss[]): string {
  const most = Math.max(1, ...parts.map(({ lostPpm }) => lostPpm));
  const rows = parts.map(({ part, meanPpm, worstPpm, lostPpm }) => {
    const bar = `<span class="bar"><i style="width:${((100 * lostPpm) / most).toFixed(1)}%"></i></span>`;
    return `<tr><th scope="row">${escapeText(part)}</th><td class="number">${share(meanPpm)}</td><td class="number">${share(worstPpm)}</td><td class="number strong">${points(lostPpm)}</td><td>${bar}</td><td class="words">${escapeText(partWords(part))}</td></tr>`;
  });
  return `<table class="parts"><thead><tr><th>part</th><th class="number">mean</th><th class="number">worst</th><th class="number">points lost</th><th></th><th>when it is low</th></tr></thead><tbody>${rows.join('')}</tbody></table><p class="note">Points lost: what the mean of the prompts would gain if this part alone were perfect. They do not add up.</p>`;
}

function card({ prompt, kind, scorePpm, svg, words, wav }: PageUtterance, prompts: readonly ExplainedPrompt[]): string {
  const known = prompts.find(({ index }) => index === prompt);
  const name = known === undefined ? 'a private prompt of this validator' : `prompt ${prompt}`;
  const parts = Object.entries(known?.parts ?? {}).sort(([, a], [, b]) => a - b);
  const chips = parts.map(([part, ppm]) => `<span class="chip" style="${heat(ppm)}">${escapeText(part)} ${share(ppm)}</span>`);
  const audio = `<audio controls preload="none" src="data:audio/wav;base64,${Buffer.from(wav).toString('base64')}"></audio>`;
  const text = known === undefined ? '' : `<p class="said">“${escapeText(known.text)}”</p>`;
  const picture = `<img alt="${escapeText(words)}" src="data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}">`;
  return `<article><div class="line"><h3>${escapeText(`${name} · ${kind}`)}</h3><span class="score" style="${heat(scorePpm)}">${points(scorePpm)}</span></div>${text}<div class="chips">${chips.join('')}</div>${audio}${picture}</article>`;
}

function promptsTable(prompts: readonly ExplainedPrompt[], losses: readonly PartLoss[]): string {
  const names = losses.map(({ part }) => part).filter((part) => part !== FAULTS);
  const head = ['#', 'kind', 'text', 'score', ...names].map(
    (name, at) => `<th${at === 0 || at > 2 ? ' class="number"' : ''}>${escapeText(name)}</th>`,
  );
  const rows = prompts.map(({ index, kind, text, score_ppm, parts, fault }) => {
    const cells = names.map((name) => {
      const ppm = parts[name];
      return ppm === undefined ? '<td class="number">–</td>' : `<td class="number" style="${heat(ppm)}">${share(ppm)}</td>`;
    });
    const said = fault === null ? escapeText(text) : `${escapeText(text)} <span class="fault">${escapeText(fault)}</span>`;
    return `<tr><td class="number">${index}</td><td class="kind">${escapeText(kind)}</td><td class="text">${said}</td><td class="number strong" style="${heat(score_ppm)}">${points(score_ppm)}</td>${cells.join('')}</tr>`;
  });
  return `<div class="wide"><table class="prompts"><thead><tr>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function factList(facts: Page['facts']): string {
  return `<dl>${facts.map(([name, value]) => `<dt>${escapeText(name)}</dt><dd>${escapeText(value)}</dd>`).join('')}</dl>`;
}

function share(ppm: number | null): string {
  return ppm === null ? '–' : (ppm / 1_000_000).toFixed(2);
}

/** White for all of it, deeper orange the more is missing; the number always stands there too. */
function heat(ppm: number): string {
  const missing = 1 - Math.max(0, Math.min(1_000_000, ppm)) / 1_000_000;
  const mix = (full: number, none: number) => Math.round(full + (none - full) * Math.sqrt(missing) * 0.8);
  return `background:rgb(${mix(255, 240)},${mix(255, 140)},${mix(255, 70)})`;
}
