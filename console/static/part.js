// Pages about what every organisation has: that of the caller, and each customer and partner below it.
import { html } from './ui.js';
import { caller } from './session.js';
import { organisation } from './where.js';

// part makes the page about the caller's own organisation. Views are components by their addresses, given the organisation as at;
// asks are the methods that they ask about, by the organisation's kind, and shown says whether they are there for the caller.
export const part = ({ key, group, asks, shown, views }) => ({
  key,
  group,
  asks: me => asks(me.userType),
  shown: me => shown(organisation(me)),
  routes: Object.fromEntries(Object.entries(views).map(([path, View]) => [`/${path}`, parts => html`<${View} ...${parts} at=${organisation(caller.get())} />`])),
  below: { key, asks, shown, views },
});
