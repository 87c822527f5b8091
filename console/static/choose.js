// Fields with many answers, or with one of very many.
import { html, useState, useId } from './ui.js';
import { t } from './i18n.js';

const SHOWN = 40;

// lines are the words of a text area that takes one a line.
export const lines = text => [...new Set(text.split(/[\s,;]+/).filter(Boolean))];

// Checklist is a list of boxes to tick, with a search when it is long. Options are [value, text]; the form's value is a list, in
// the order of the options.
export function Checklist({ form, name, label, hint, options, empty }) {
  const [search, setSearch] = useState('');
  const id = useId();
  const chosen = form.values[name];
  const problem = form.problem(name);
  const words = search.toLocaleLowerCase();
  const fits = options.filter(([value, text]) => chosen.includes(value) || text.toLocaleLowerCase().includes(words));
  const visible = fits.filter(([value], i) => i < SHOWN || chosen.includes(value));
  const tick = (value, on) => form.set(name, options.map(([v]) => v).filter(v => (v === value ? on : chosen.includes(v))));
  return html`<fieldset class="field checklist" aria-describedby=${hint ? `${id}h` : undefined}><legend>${label}</legend>
    ${hint && html`<p class="hint" id=${`${id}h`}>${hint}</p>`}
    ${options.length > 12 && html`<input type="search" dir="auto" aria-label=${t('choose.search', { what: label })} placeholder=${t('search')} value=${search} onInput=${e => setSearch(e.target.value)} />`}
    ${options.length === 0 && html`<p class="hint">${empty ?? t('empty')}</p>`}
    <div class="boxes">${visible.map(([value, text]) => html`<label key=${value}><input type="checkbox" checked=${chosen.includes(value)} onChange=${e => tick(value, e.target.checked)} /><bdi>${text}</bdi></label>`)}</div>
    ${fits.length > visible.length && html`<p class="hint" role="status">${t('choose.more', { count: fits.length - visible.length, n: fits.length - visible.length })}</p>`}
    ${problem && html`<p class="problem">${problem}</p>`}
  </fieldset>`;
}

// Suggest is a text field that proposes some of many texts while one types.
export function Suggest({ form, name, label, hint, options, ...rest }) {
  const id = useId();
  const problem = form.problem(name);
  const typed = String(form.values[name] ?? '').toLocaleLowerCase();
  const some = options.filter(text => text.toLocaleLowerCase().includes(typed)).slice(0, 20);
  return html`<div class="field"><label for=${id}>${label}${rest.required && html`<span aria-hidden="true"> *</span>`}</label>
    <input id=${id} name=${name} dir="auto" list=${`${id}l`} autocomplete="off" spellcheck=${false} ...${rest} value=${form.values[name] ?? ''} aria-invalid=${problem ? 'true' : undefined}
      aria-describedby=${[hint && `${id}h`, problem && `${id}p`].filter(Boolean).join(' ') || undefined} onInput=${e => form.set(name, e.target.value)} />
    <datalist id=${`${id}l`}>${some.map(text => html`<option key=${text} value=${text}></option>`)}</datalist>
    ${hint && html`<p class="hint" id=${`${id}h`}>${hint}</p>`}
    ${problem && html`<p class="problem" id=${`${id}p`}>${problem}</p>`}
  </div>`;
}
