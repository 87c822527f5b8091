// Forms: what was typed, whether it is saved, and what the portal has to say of it.
import { html, useState, useEffect, useId, useRef, focusKept } from './ui.js';
import { t } from './i18n.js';
import { guard } from './router.js';
import { confirmed } from './dialog.js';
import { Words } from './page.js';

const leaving = () => confirmed({ title: t('leave'), text: t('leave.text'), action: t('leave.action'), danger: true });

// useForm follows the values of a form. What differs from first is unsaved; leaving is warned of where warn is set. When first comes
// anew, as a record does that was read again, it takes the place of what was not changed here: what was typed stays.
export function useForm(first, { warn = false } = {}) {
  const [values, setValues] = useState(first);
  const [saved, setSaved] = useState(first);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const changed = Object.keys(values).filter(k => !same(values[k], saved[k]));
  const dirty = changed.length > 0;
  const before = useRef(first);
  const news = JSON.stringify(first);
  useEffect(() => {
    const old = before.current;
    before.current = first;
    if (news === JSON.stringify(old)) return;
    setSaved(first);
    setValues(now => Object.fromEntries(Object.keys(first).map(k => [k, same(now[k], saved[k]) ? first[k] : both(now[k], saved[k], first[k])])));
  }, [news]);
  const mounted = useRef(true);
  const running = useRef(false);
  useEffect(() => () => { mounted.current = false; }, []);
  useEffect(() => {
    if (!warn || !dirty) return undefined;
    guard(leaving);
    return () => guard(null);
  }, [warn, dirty]);
  return {
    values, dirty, changed, error, busy,
    set: (name, value) => setValues(before => ({ ...before, [name]: value })),
    reset: (to = saved) => {
      setValues(to);
      setSaved(to);
      setError(null);
    },
    // saved tells that values were saved, and what fields have from now on. What was typed since then is not saved.
    saved: (sent, then = {}) => {
      const to = { ...sent, ...then };
      setSaved(to);
      setValues(now => Object.fromEntries(Object.keys(to).map(k => [k, same(now[k], sent[k]) ? to[k] : now[k]])));
      setError(null);
    },
    // refuse tells of what is wrong with a field, or with all, as the page itself knows.
    refuse: (text, field) => setError({ ours: true, message: text, fields: field ? { [field]: text } : {} }),
    // submit runs what saves, once at a time, and keeps what was typed when it is refused.
    submit: save => async event => {
      event?.preventDefault();
      if (running.current) return;
      running.current = true;
      const giveBack = focusKept();
      const where = event?.currentTarget.closest('form');
      setBusy(true);
      setError(null);
      try {
        await save(values);
      } catch (e) {
        if (mounted.current) setError(e);
      }
      running.current = false;
      if (mounted.current) setBusy(false);
      giveBack();
      setTimeout(() => where?.querySelector('[role="alert"]')?.scrollIntoView({ block: 'nearest' })); // the form may be longer than the window
    },
    problem: name => error?.fields?.[name] && html`<${Words} error=${error} text=${error.fields[name]} />`,
  };
}

// both is what was changed here and what came anew: of a list what was added and taken out at either, else what was typed.
const both = (now, saved, first) => (Array.isArray(first)
  ? [...first.filter(v => now.includes(v) || !saved.includes(v)), ...now.filter(v => !first.includes(v) && !saved.includes(v))] : now);

// same compares values of fields; of some they are lists.
const same = (a, b) => a === b || (Array.isArray(a) && JSON.stringify(a) === JSON.stringify(b));

// Field is a labelled input of a form. Options make it a drop-down, rows a text area.
export function Field({ form, name, label, hint, type = 'text', options, rows, ...rest }) {
  const id = useId();
  const problem = form.problem(name);
  const described = [hint && `${id}h`, problem && `${id}p`].filter(Boolean).join(' ') || undefined;
  const common = {
    id, name, ...rest, value: form.values[name] ?? '', 'aria-describedby': described, 'aria-invalid': problem ? 'true' : undefined,
    onInput: e => form.set(name, options ? fromOption(options, e.target.value) : e.target.value),
  };
  return html`<div class="field">
    <label for=${id}>${label}${rest.required && html`<span aria-hidden="true"> *</span>`}</label>
    ${options
    ? html`<select ...${common}>${options.map(([value, text]) => html`<option key=${value} value=${value} selected=${String(value) === String(form.values[name])}>${text}</option>`)}</select>`
    : rows ? html`<textarea rows=${rows} dir="auto" ...${common}></textarea>`
      : html`<input type=${type} dir=${type === 'password' ? undefined : 'auto'} ...${common} />`}
    ${hint && html`<p class="hint" id=${`${id}h`}>${hint}</p>`}
    ${problem && html`<p class="problem" id=${`${id}p`}>${problem}</p>`}
  </div>`;
}

// fromOption gives back the option's own value, of which the browser has made a text.
const fromOption = (options, text) => options.find(([value]) => String(value) === text)?.[0] ?? text;

// Check is a box to tick.
export function Check({ form, name, label, hint, ...rest }) {
  const id = useId();
  return html`<div class="field check">
    <input type="checkbox" id=${id} name=${name} checked=${Boolean(form.values[name])} aria-describedby=${hint ? `${id}h` : undefined} ...${rest}
      onChange=${e => form.set(name, e.target.checked)} />
    <label for=${id}>${label}</label>
    ${hint && html`<p class="hint" id=${`${id}h`}>${hint}</p>`}
  </div>`;
}

// Choice is one of a few values, all of them shown. Options are [value, text] pairs.
export const Choice = ({ name, legend, options, value, choose, hint }) => html`<fieldset class="choice"><legend>${legend}</legend>
  ${options.map(([v, text]) => html`<label key=${text}>
    <input type="radio" name=${name} checked=${v === value} onChange=${() => choose(v)} />${text}</label>`)}
  ${hint && html`<p class="hint">${hint}</p>`}</fieldset>`;

export const CurrentPassword = ({ form }) => html`<${Field} form=${form} name="currentPassword" type="password" label=${t('password.current')}
  required autocomplete="current-password" />`;

export const NewPassword = ({ form }) => html`
  <${Field} form=${form} name="password" type="password" label=${t('password.new')} required autocomplete="new-password" />
  <${Field} form=${form} name="password2" type="password" label=${t('password.confirm')} required autocomplete="new-password" />`;

// Submit is the foot of a dialog that has a form in it.
export const Submit = ({ form, close, text, kind = 'primary', idle = false, ...rest }) => html`<footer>
  <button type="button" disabled=${form.busy} onClick=${() => close()}>${t('cancel')}</button>
  <button type="submit" class=${kind} disabled=${form.busy || idle} ...${rest}>${text}</button>
</footer>`;

// SaveBar is at the foot of a page whose form is edited in place. Its buttons are not disabled in the browser's way, which would take
// the focus from who has just pressed one.
export function SaveBar({ form }) {
  const idle = !form.dirty || form.busy;
  return html`<div class=${`savebar ${form.dirty ? 'dirty' : ''}`}>
    <span role="status">${form.dirty ? t('unsaved') : ''}</span>
    <button type="button" aria-disabled=${String(idle)} onClick=${() => !idle && form.reset()}>${t('discard')}</button>
    <button type="submit" class="primary" aria-disabled=${String(idle)} onClick=${e => idle && e.preventDefault()}>${t('save')}</button>
  </div>`;
}
