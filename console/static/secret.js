// What is shown once: to copy and to save, in dialogs that are left from then on by saying so alone.
import { html, useState, useEffect, useRef } from './ui.js';
import { t } from './i18n.js';
import { saveAs } from './csv.js';
import { useForm, Submit } from './form.js';
import { ask, Dialog } from './dialog.js';
import { Facts, Failure, Note } from './page.js';
import { span, day, hour } from './format.js';

export const fileName = name => name.replace(/[^\p{L}\p{N}._-]+/gu, '_').slice(0, 60) || 'api';

// Secret shows what is shown once: to copy, to save, and with a word of warning, or with another note.
export function Secret({ text, file, label, rows = 8, note }) {
  const [copied, setCopied] = useState('');
  const ref = useRef();
  useEffect(() => {
    const stay = event => event.preventDefault(); // a reload would lose it for good
    ref.current?.focus();
    addEventListener('beforeunload', stay);
    return () => removeEventListener('beforeunload', stay);
  }, []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(t('secret.copied'));
    } catch {
      ref.current.select(); // no clipboard without TLS: the keyboard has one
      setCopied(t('secret.select'));
    }
  };
  return html`<div class="secret">
    <${Note} kind="warn"><p>${note ?? html`<strong>${t('secret.once')}</strong> ${t('secret.once.text')}`}</p></${Note}>
    <textarea ref=${ref} readonly rows=${rows} spellcheck=${false} aria-label=${label ?? t('secret.token')} onFocus=${e => e.target.select()}>${text}</textarea>
    <div class="row"><button type="button" onClick=${copy}>${t('secret.copy')}</button>
      <button type="button" onClick=${() => saveAs(file, `${text}\n`)}>${t('secret.save')}</button><span role="status">${copied}</span></div>
  </div>`;
}

const Done = ({ close }) => html`<footer><button type="button" class="primary" onClick=${() => close(true)}>${t('secret.done')}</button></footer>`;

// overlaps are the times that are offered for an old secret to live on, and overlapOptions how they are said.
export const overlaps = [0, hour, 12 * hour, day, 2 * day, 7 * day];
export const overlapOptions = times => times.map(ms => [ms, ms ? span(ms) : t('client.overlap.none')]);

// showOnce shows a new secret beside what it goes with, which is a list of facts.
export const showOnce = props => ask(Shown, props);

const Shown = ({ title, facts, text, name, close }) => html`<${Dialog} title=${title} close=${close} fixed wide>
  <div class="body"><${Facts} list=${facts} /><${Secret} text=${text} label=${title} rows="2" file=${`${fileName(name)}.secret`} /></div>
  <${Done} close=${close} />
</${Dialog}>`;

// Once is a dialog that gets the text of an API token, and shows it. body are its fields, of which first are the values. get answers
// what has the text in it, or nothing when it has refused the values; told says what more there is in the answer.
export function Once({ title, name, first = {}, body, get, action, told = () => null, close }) {
  const [answer, setAnswer] = useState(null);
  const form = useForm(first);
  const run = async values => setAnswer(await get(values, form) ?? null);
  return html`<${Dialog} title=${title} close=${close} busy=${form.busy} fixed=${answer !== null} wide><form onSubmit=${form.submit(run)} autocomplete="off">
    <div class="body"><p><strong><bdi>${name}</bdi></strong></p>
      ${answer ? html`${told(answer)}<${Secret} text=${answer.token} file=${`${fileName(name)}.token`} />` : html`<${Failure} error=${form.error} />${body(form)}`}</div>
    ${answer ? html`<${Done} close=${close} />` : html`<${Submit} form=${form} close=${close} text=${action} data-first=${Object.keys(first).length === 0 || undefined} />`}
  </form></${Dialog}>`;
}
