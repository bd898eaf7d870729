import { change } from './api.js';

const NUMBERS = new Set(['employees', 'score']);

/** Edits a lead in a dialog; `onSaved` gets the lead and its changes. Only what was changed is sent. */
export function createEditor(dialog, onSaved) {
  const form = dialog.querySelector('form');
  const error = dialog.querySelector('#edit-error');
  const heading = dialog.querySelector('#editor-heading');
  let lead;

  dialog.querySelector('#cancel').addEventListener('click', () => dialog.close());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    error.textContent = '';
    const changes = changesIn(form, lead);
    if (Object.keys(changes).length === 0) return dialog.close();
    try {
      const { body } = await change(`/leads/${lead.id}`, changes);
      dialog.close();
      await onSaved(body, changes);
    } catch (failure) {
      error.textContent = failure.message;
    }
  });

  return {
    open(chosen) {
      lead = chosen;
      heading.textContent = `Edit ${lead.name}`;
      error.textContent = '';
      for (const field of fieldsOf(form)) field.value = lead[field.name];
      dialog.showModal(); // the browser keeps the focus inside, closes on Escape and gives the focus back
    },
  };
}

function fieldsOf(form) {
  return [...form.elements].filter((field) => field.name);
}

function changesIn(form, lead) {
  const changes = {};
  for (const { name, value } of fieldsOf(form)) {
    const wanted = NUMBERS.has(name) ? Number(value) : value.trim();
    if (wanted !== lead[name]) changes[name] = wanted;
  }
  return changes;
}
