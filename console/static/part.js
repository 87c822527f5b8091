// Pages about what every organisation has: that of the caller, and each customer and partner below it.
import { html } from './ui.js';
import { caller, may } from './session.js';
import { organisation } from './where.js';

// part makes the page about the caller's own organisation. Views are components by their addresses, given the organisation as at. It
// is there for who may call reads, which depends on the organisation's kind, as do asks, the methods that the views ask about. A kind
// that has none of it has no reads.
export const part = ({ key, group, reads, asks = () => [], views }) => ({
  key,
  group,
  asks: me => [reads(me.userType), ...asks(me.userType)].filter(Boolean),
  shown: me => may(reads(me.userType)),
  routes: Object.fromEntries(Object.entries(views).map(([path, View]) => [`/${path}`, parts => html`<${View} ...${parts} at=${organisation(caller.get())} />`])),
  below: { key, reads, asks, views },
});
