/** What the text normaliser knows by heart. Keys are lower case; no word on the right is a key on the left, so that reading twice changes nothing. */

type Table = Readonly<Record<string, readonly string[]>>;

export const MONTHS: readonly string[] = [
  ...['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'],
];

/** With or without their dots. */
export const ABBREVIATIONS: Table = {
  mr: ['mister'],
  mrs: ['missus'],
  ms: ['miss'],
  dr: ['doctor'],
  prof: ['professor'],
  jr: ['junior'],
  sr: ['senior'],
  vs: ['versus'],
  etc: ['et', 'cetera'],
  eg: ['for', 'example'],
  ie: ['that', 'is'],
  ave: ['avenue'],
  blvd: ['boulevard'],
  dept: ['department'],
  approx: ['approximately'],
  jan: ['january'],
  feb: ['february'],
  aug: ['august'],
  sept: ['september'],
  oct: ['october'],
  nov: ['november'],
  dec: ['december'],
};

/** Whole words; regular ones (n't, 're, 've, 'll, 'm, 'd, and 's of a pronoun) are taken apart by rule. */
export const CONTRACTIONS: Table = {
  "won't": ['will', 'not'],
  "can't": ['can', 'not'],
  cannot: ['can', 'not'],
  "shan't": ['shall', 'not'],
  "ain't": ['is', 'not'],
  "let's": ['let', 'us'],
  "o'clock": ['oclock'],
  gonna: ['going', 'to'],
  wanna: ['want', 'to'],
  gotta: ['got', 'to'],
};

/** Behind these `'s` is a verb; behind anything else it marks an owner. */
export const PRONOUNS: ReadonlySet<string> = new Set([
  ...['he', 'she', 'it', 'that', 'there', 'here', 'what', 'who', 'where', 'when', 'how', 'why'],
]);

/** One spelling for two. */
export const SPELLINGS: Readonly<Record<string, string>> = {
  ok: 'okay',
  colour: 'color',
  colours: 'colors',
  coloured: 'colored',
  grey: 'gray',
  neighbour: 'neighbor',
  neighbours: 'neighbors',
  favourite: 'favorite',
  harbour: 'harbor',
  harbours: 'harbors',
  theatre: 'theater',
  theatres: 'theaters',
  centre: 'center',
  metre: 'meter',
  metres: 'meters',
  kilometre: 'kilometer',
  kilometres: 'kilometers',
  litre: 'liter',
  litres: 'liters',
  traveller: 'traveler',
  travelled: 'traveled',
  jewellery: 'jewelry',
  plough: 'plow',
  tyre: 'tire',
  tyres: 'tires',
  programme: 'program',
  cheque: 'check',
  cosy: 'cozy',
  realise: 'realize',
  realised: 'realized',
  organise: 'organize',
  organised: 'organized',
};

export const UNITS: Table = {
  km: ['kilometers'],
  cm: ['centimeters'],
  mm: ['millimeters'],
  kg: ['kilograms'],
  mg: ['milligrams'],
  lb: ['pounds'],
  lbs: ['pounds'],
  mph: ['miles', 'per', 'hour'],
  ft: ['feet'],
  oz: ['ounces'],
};

export const SYMBOLS: Table = {
  '&': ['and'],
  '+': ['plus'],
  '=': ['equals'],
  '@': ['at'],
  '%': ['percent'],
  '°': ['degrees'],
};
