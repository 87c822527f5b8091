// The language of the page. All texts stand in two tables of the same keys.
import en from './en.js';
import de from './de.js';
import { store } from './ui.js';
import { remember, remembered } from './memory.js';

export const tables = { en, de };

const first = () => remembered('language') ?? ((navigator.language ?? '').startsWith('de') ? 'de' : 'en');

export const language = store(first() in tables ? first() : 'en');

export function setLanguage(name) {
  remember('language', name);
  document.documentElement.lang = name;
  language.set(name);
}
document.documentElement.lang = language.get();

// t is a text, with {name} replaced by args.name. A text of a number has two forms: key.one and key.other.
export function t(key, args = {}) {
  const table = tables[language.get()];
  const form = 'count' in args && `${key}.${args.count === 1 ? 'one' : 'other'}`;
  const text = table[form] ?? table[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (all, name) => (name in args ? isolated(String(args[name])) : all));
}

// What may turn the direction of the sentence that it stands in is kept apart from it.
const turns = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;
const isolated = text => (turns.test(text) ? `\u2068${text}\u2069` : text);

// has says whether there is a text, for what the portal may add without asking us.
export const has = key => key in tables[language.get()];
