import { ask, element } from './api.js';

const PAUSE_MS = 120;

/** Suggestions under the search box, by the combobox pattern of ARIA: the focus stays in the box. `onPick` gets the chosen text. */
export function suggestIn(input, list, onPick) {
  let active = -1;
  let timer = 0;
  let turn = 0;

  const options = () => [...list.children];
  const close = () => {
    clearTimeout(timer);
    turn += 1; // an answer that is still on its way opens nothing
    active = -1;
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const pick = (text) => {
    close();
    input.value = `"${text}"`;
    onPick();
  };
  const mark = (index) => {
    const all = options();
    active = (index + all.length) % all.length;
    for (const [at, option] of all.entries()) option.setAttribute('aria-selected', String(at === active));
    input.setAttribute('aria-activedescendant', all[active].id);
    all[active].scrollIntoView({ block: 'nearest' });
  };
  const show = (texts) => {
    if (texts.length === 0) return close();
    active = -1;
    input.removeAttribute('aria-activedescendant');
    list.replaceChildren(
      ...texts.map((text, index) => {
        const option = element('li', text);
        option.id = `suggestion-${index}`;
        option.setAttribute('role', 'option');
        option.setAttribute('aria-selected', 'false');
        option.addEventListener('pointerdown', (event) => event.preventDefault()); // the focus stays in the box
        option.addEventListener('click', () => pick(text));
        return option;
      }),
    );
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
  };
  const load = async () => {
    const mine = ++turn;
    const prefix = input.value.trim();
    if (prefix.length < 2 || prefix.length > 50 || prefix.startsWith('"')) return close();
    try {
      const { body } = await ask(`/suggestions?${new URLSearchParams({ prefix })}`);
      if (mine === turn) show(body);
    } catch {
      if (mine === turn) close(); // suggestions are a help, not the answer
    }
  };

  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(load, PAUSE_MS);
  });
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    if (list.hidden) return;
    if (event.key === 'ArrowDown') mark(active + 1);
    else if (event.key === 'ArrowUp') mark(active < 0 ? -1 : active - 1);
    else if (event.key === 'Escape') close();
    else if (event.key === 'Enter' && active >= 0) pick(options()[active].textContent);
    else return;
    event.preventDefault();
  });
  return { close };
}
