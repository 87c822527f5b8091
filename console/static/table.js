// Lists: sorted, filtered, with columns to choose, as CSV, fifty rows at a time.
import { html, useState, useEffect, useLayoutEffect, useMemo, useRef, useId } from './ui.js';
import { t, language } from './i18n.js';
import { pages } from './api.js';
import { remember, remembered } from './memory.js';
import { saveCSV } from './csv.js';
import { count } from './format.js';
import { Failure, Loading } from './page.js';

const SHOWN = 50;

// useList reads a list of the portal, page after page; what has come is shown while the rest comes. Without a method it is empty. Of
// a list that has no end to speak of, most rows are read (else 20,000 or so), and as many again with each call of further.
export function useList(method, params, { map = rows => rows, most } = {}) {
  const [state, set] = useState({ rows: null, loading: true, more: false, error: null });
  const turn = useRef(0);
  const key = JSON.stringify([method, params]);
  const load = async (before = [], link) => {
    const mine = ++turn.current;
    if (!method) {
      set({ rows: [], loading: false, more: false, error: null });
      return;
    }
    const on = before.length > 0;
    set(s => ({ ...s, loading: true, on, error: null }));
    try {
      await pages(method, params, (rows, next) => {
        if (mine !== turn.current) return false;
        set({ rows: before.concat(map(rows)), loading: Boolean(next), on, more: Boolean(next), next, error: null });
        return true;
      }, most, link);
    } catch (error) {
      if (mine === turn.current) set(s => ({ ...s, loading: false, error }));
    }
    if (mine === turn.current) set(s => ({ ...s, loading: false }));
  };
  useEffect(() => {
    set({ rows: null, loading: true, more: false, error: null });
    load();
    return () => { turn.current++; };
  }, [key]);
  return { ...state, reload: () => load(), further: state.more && (!state.loading || state.on) && (() => load(state.rows, state.next)) };
}

// asList is what was loaded as a whole as the list of a table.
export const asList = ({ data, ...rest }) => ({ rows: data ?? null, ...rest });

// Table shows a list. A column is {key, title, value(row), cell(row), hidden, plain}: value is what is sorted, searched and exported,
// cell what is shown, and plain leaves a column of buttons out of all that.
export function Table({ name, label, list, columns, rowKey = r => r.id, empty, actions, first, exportName }) {
  const [sort, setSort] = useState(first ?? { key: columns[0].key, down: false });
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(0);
  const [chosen, setChosen] = useState(() => remembered(`columns.${name}`) ?? {});
  const id = useId();
  const ref = useRef();
  const focus = useRef();
  useLayoutEffect(() => { // a row that has gone leaves the focus to the list, not to the page's beginning
    if (!focus.current || focus.current.isConnected || document.activeElement !== document.body) return;
    focus.current = null;
    (ref.current.querySelector('.scroll') ?? ref.current.querySelector('input')).focus();
  });
  const choose = next => {
    setChosen(next);
    remember(`columns.${name}`, next);
  };
  const shown = columns.filter(c => c.plain || (chosen[c.key] ?? !c.hidden));
  const rows = useMemo(() => sorted(filtered(list.rows ?? [], columns, search), columns.find(c => c.key === sort.key), sort.down), [list.rows, search, sort, language.get()]);
  const last = Math.max(0, Math.ceil(rows.length / SHOWN) - 1);
  const at = Math.min(page, last);
  const visible = rows.slice(at * SHOWN, (at + 1) * SHOWN);
  const save = () => {
    const out = shown.filter(c => !c.plain);
    saveCSV(exportName ?? name, [out.map(c => c.title), ...rows.map(r => out.map(c => c.value(r)))]);
  };
  return html`<div class="table" ref=${ref} onFocusIn=${e => { focus.current = e.target; }}>
    <div class="tools">
      <div class="search"><label class="unseen" for=${id}>${t('search')}</label>
        <input id=${id} type="search" dir="auto" placeholder=${t('search')} value=${search} onInput=${e => { setSearch(e.target.value); setPage(0); }} /></div>
      <${Columns} columns=${columns} chosen=${chosen} choose=${choose} />
      <button type="button" onClick=${save} disabled=${!rows.length}>${t('csv')}</button>
      <button type="button" aria-disabled=${String(Boolean(list.loading))} onClick=${() => !list.loading && list.reload()}>${t('refresh')}</button>
      <span class="grow"></span>${actions}
    </div>
    <${Failure} error=${list.error} retry=${list.reload} />
    ${list.rows === null ? !list.error && html`<${Loading} />`
    : rows.length === 0 ? html`<p class="empty" role="status">${search ? t('none.found') : empty ?? t('empty')}</p>`
      : html`<div class="scroll" role="region" aria-label=${label} tabindex="0"><table>
          <caption class="unseen">${label}</caption>
          <thead><tr>${shown.map(c => html`<${Head} key=${c.key} column=${c} sort=${sort} setSort=${setSort} />`)}</tr></thead>
          <tbody>${visible.map(r => html`<tr key=${rowKey(r)}>${shown.map(c => html`<td key=${c.key} class=${c.plain ? 'buttons' : ''} data-label=${c.plain ? undefined : c.title}>${c.cell ? c.cell(r) : plain(c.value(r))}</td>`)}</tr>`)}</tbody>
        </table></div>`}
    ${rows.length > 0 && html`<${Foot} list=${list} rows=${rows} at=${at} last=${last} setPage=${setPage} />`}
  </div>`;
}

const plain = value => (value === null || value === undefined || value === '' ? html`<span class="none">–</span>` : html`<bdi>${String(value)}</bdi>`);

function Head({ column: c, sort, setSort }) {
  if (c.plain) return html`<th scope="col"><span class="unseen">${c.title}</span></th>`;
  const mine = sort.key === c.key;
  const order = mine ? (sort.down ? 'descending' : 'ascending') : 'none';
  return html`<th scope="col" aria-sort=${order}><button type="button" class="sort" onClick=${() => setSort({ key: c.key, down: mine && !sort.down })}>
    ${c.title}<span class="arrow" aria-hidden="true">${mine ? (sort.down ? '↓' : '↑') : ''}</span></button></th>`;
}

function Columns({ columns, chosen, choose }) {
  const ref = useRef();
  useEffect(() => {
    const shut = e => { if (ref.current?.open && !ref.current.contains(e.target)) ref.current.open = false; };
    const key = e => {
      if (e.key !== 'Escape' || !ref.current?.open) return;
      ref.current.open = false;
      ref.current.querySelector('summary').focus();
    };
    addEventListener('click', shut);
    addEventListener('keydown', key);
    return () => {
      removeEventListener('click', shut);
      removeEventListener('keydown', key);
    };
  }, []);
  return html`<details class="menu" ref=${ref}><summary>${t('columns')}</summary><fieldset><legend class="unseen">${t('columns')}</legend>
    ${columns.filter(c => !c.plain).map(c => html`<label key=${c.key}><input type="checkbox" checked=${chosen[c.key] ?? !c.hidden}
      onChange=${e => choose({ ...chosen, [c.key]: e.target.checked })} />${c.title}</label>`)}
  </fieldset></details>`;
}

function Foot({ list, rows, at, last, setPage }) {
  const from = rows.length ? at * SHOWN + 1 : 0;
  const until = Math.min(rows.length, (at + 1) * SHOWN);
  const to = page => setPage(Math.max(0, Math.min(page, last))); // a button that is disabled outright loses the focus at the end
  return html`<div class="foot">
    <span role="status">${t('rows', { from: count(from), to: count(until), all: count(rows.length) })}${list.loading ? ` ${t('rows.loading')}` : list.more ? ` ${t('rows.more')}` : ''}</span>
    ${list.further && html`<button type="button" aria-disabled=${String(Boolean(list.loading))} onClick=${() => !list.loading && list.further()}>${t('rows.further')}</button>`}
    ${last > 0 && html`<nav aria-label=${t('paging')}>
      <button type="button" aria-disabled=${String(at === 0)} onClick=${() => to(0)}>${t('page.first')}</button>
      <button type="button" aria-disabled=${String(at === 0)} onClick=${() => to(at - 1)}>${t('page.previous')}</button>
      <span>${t('page', { n: count(at + 1), of: count(last + 1) })}</span>
      <button type="button" aria-disabled=${String(at === last)} onClick=${() => to(at + 1)}>${t('page.next')}</button>
      <button type="button" aria-disabled=${String(at === last)} onClick=${() => to(last)}>${t('page.last')}</button>
    </nav>`}
  </div>`;
}

export function filtered(rows, columns, search) {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return rows;
  return rows.filter(r => {
    const text = columns.filter(c => !c.plain).map(c => c.value(r) ?? '').join('\n').toLocaleLowerCase();
    return words.every(w => text.includes(w));
  });
}

export function sorted(rows, column, down) {
  const collator = new Intl.Collator(language.get(), { numeric: true, sensitivity: 'base' });
  const compare = (a, b) => {
    if (a === b) return 0;
    if (a === null || a === undefined || a === '') return 1; // what is missing comes last
    if (b === null || b === undefined || b === '') return -1;
    return (typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b))) * (down ? -1 : 1);
  };
  return rows.map(r => [column.value(r), r]).sort(([a], [b]) => compare(a, b)).map(([, r]) => r);
}
