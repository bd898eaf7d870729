import { ask, describeAnswer, element } from './api.js';

const MOST = 6;

/** The searches of this visit. After a change of a lead all are asked again, so that one sees which of them follow. */
export function createWatched(list, news, onChosen) {
  /** The latest first: path → what is known of the search. */
  let searches = [];

  const draw = () => {
    list.replaceChildren(
      ...searches.map((search) => {
        const item = element('li');
        const button = element('button', search.label, 'link');
        button.type = 'button';
        button.addEventListener('click', () => onChosen(search.query));
        const answer = element('span', '', 'answer');
        answer.append(...describeAnswer(search.answer));
        const found = element('span', `${search.answer.body.total.toLocaleString('en')} found. ${search.note}`, 'meta');
        item.append(button, answer, found);
        return item;
      }),
    );
  };

  return {
    add(query, path, label, answer) {
      searches = [{ query, path, label, answer, note: '' }, ...searches.filter((search) => search.path !== path)];
      searches.length = Math.min(searches.length, MOST);
      draw();
    },
    /** Asks all again and says which of them changed. The answer of the one at `path` is returned. */
    async follow(path) {
      searches = await Promise.all(
        searches.map(async (search) => {
          const answer = await ask(search.path);
          return { ...search, answer, note: noteOf(search.answer, answer) };
        }),
      );
      draw();
      const asked = searches.filter(({ answer }) => answer.origin === 'miss').length;
      const kept = searches.length - asked;
      news.textContent = `Saved. ${plural(asked)} asked the database again, ${kept === 0 ? 'none' : kept} stayed in the cache.`;
      return searches.find((search) => search.path === path)?.answer;
    },
  };
}

function noteOf(before, now) {
  if (before.text !== now.text) return 'Shows the change.';
  return now.origin === 'miss' ? 'Asked again, no change.' : 'Not affected.';
}

function plural(count) {
  return `${count} ${count === 1 ? 'search' : 'searches'}`;
}
