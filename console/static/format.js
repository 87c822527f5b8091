// Times and numbers in the user's language and zone, and in UTC when hovered over.
import { html, store, useEffect } from './ui.js';
import { language, t } from './i18n.js';

const locale = () => (language.get() === 'de' ? 'de-DE' : 'en-GB');

export const local = at => new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
export const utc = at => `${new Date(at).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
export const count = n => new Intl.NumberFormat(locale()).format(n);

// Units, their seconds, and from how many of them on they are used: in 90 days says more than in 2 months.
const steps = [['year', 31536000, 2], ['month', 2592000, 4], ['day', 86400, 2], ['hour', 3600, 2], ['minute', 60, 2], ['second', 1, 1]];

// relative is a distance from now, such as in 3 days.
export function relative(at) {
  const seconds = (new Date(at) - Date.now()) / 1000;
  const [unit, size] = steps.find(([, s, n]) => Math.round(Math.abs(seconds) / s) >= n) ?? steps.at(-1);
  return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(Math.round(seconds / size), unit);
}

export const hour = 3600000;
export const day = 24 * hour;

// span is a length of time, in days or in hours.
export const span = ms => (ms % day ? t('span.hours', { count: ms / hour, n: count(ms / hour) }) : t('span.days', { count: ms / day, n: ms / day }));

// A clock that all distances follow.
const minute = store(0);
setInterval(() => minute.set(minute.get() + 1), 30000);

export const Time = ({ at }) => (at ? html`<time datetime=${at} title=${utc(at)}>${local(at)}</time>` : html`<${None} />`);

export function Distance({ at }) {
  minute.use();
  return at ? html`<time datetime=${at} title=${`${local(at)} · ${utc(at)}`}>${relative(at)}</time>` : html`<${None} />`;
}

// None stands where there is no value.
export const None = ({ text }) => html`<span class="none"><span aria-hidden="true">–</span><span class="unseen">${text ?? t('none')}</span></span>`;

export function Title({ text }) {
  useEffect(() => { document.title = text ? `${text} · Portico` : 'Portico'; }, [text]);
  return null;
}
